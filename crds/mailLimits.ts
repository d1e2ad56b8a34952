/** From when on mail does not flow as it should: what the condition `MailFlowing` turns at. */
export interface MailLimits {
  /** For so long everything that was tried was refused: a provider that stutters is none that is away. */
  readonly closedSeconds: number
  readonly standstillSeconds: number
  /** Of the attempts of two minutes, when there were at least so many. */
  readonly refused: { readonly part: number; readonly attempts: number }
  readonly queueDepth: number
  /** Until it is below this part of the limit again, what turned stays so. */
  readonly relief: number
  /** An entry for ClickHouse, or what a webhook told, that waits for so long is late. */
  readonly lateSeconds: number
}

/** Unless `spec.monitoring.rules.thresholds` says otherwise. */
export const MAIL_LIMITS: MailLimits = {
  closedSeconds: 10,
  standstillSeconds: 900,
  refused: { part: 0.05, attempts: 20 },
  queueDepth: 10_000,
  relief: 0.8,
  lateSeconds: 300,
}
