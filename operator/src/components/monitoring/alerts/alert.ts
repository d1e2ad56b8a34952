/** One alert as it is written here, and as Prometheus takes it. */

export type Severity = 'critical' | 'warning'

export interface Alert {
  /** Without the word that all of ours begin with. */
  readonly name: string
  /** `critical`: somebody is woken; `warning`: somebody looks on the next working day. */
  readonly severity: Severity
  readonly expr: string
  /** How long it has to hold; at once when left out, for ages that say so themselves. */
  readonly for?: string
  /** A sentence without labels or values. */
  readonly summary: string
  /** A template with them. */
  readonly description: string
}

export interface Group {
  readonly name: string
  readonly alerts: readonly Alert[]
}

export interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: Severity }
  readonly annotations: {
    readonly summary: string
    readonly description: string
    readonly runbook_url: string
  }
}

export interface RuleGroup {
  readonly name: string
  readonly rules: readonly Rule[]
}

const FIRST_WORD = 'BatchSender'

/** `StuckBatches` → `stuck-batches`, which is also the name of the runbook's file. */
export const pageOf = (name: string): string =>
  name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()

export function ruleGroup({ name, alerts }: Group, runbookBaseUrl: string): RuleGroup {
  return {
    name: `batchsender-${name}`,
    rules: alerts.map(({ name: alert, expr, for: lasting, severity, summary, description }) => ({
      alert: `${FIRST_WORD}${alert}`,
      expr,
      ...(lasting !== undefined && { for: lasting }),
      labels: { severity },
      annotations: { summary, description, runbook_url: `${runbookBaseUrl}/${pageOf(alert)}` },
    })),
  }
}
