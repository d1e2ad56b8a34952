/** Alerts and dashboards speak of metrics that there are, and of no others. */
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, it } from 'vitest'
import { alertGroups } from '../../../operator/src/components/monitoring/alerts/index.ts'
import { thresholdsOf } from '../../../operator/src/components/monitoring/alerts/thresholds.ts'
import { createMetrics } from '../../../operator/src/runtime/metrics.ts'
import { openMetrics } from '../../../worker/src/metrics.ts'
import { filled } from './dashboards/board.ts'
import { dashboardOf } from './dashboards/build.ts'
import { BOARDS } from './dashboards/index.ts'

/** Those of issue 17 that are not made yet. One that is made has to go from here. */
const TO_COME = new Set([
  'batchsender_build_info',
  'batchsender_batches',
  'batchsender_recipients',
  'batchsender_uncertain_recipients',
  'batchsender_provider_state',
  'batchsender_provider_closed_seconds',
  'batchsender_audit_outbox_rows',
  'batchsender_audit_outbox_oldest_seconds',
  'batchsender_pool_connections',
  'batchsender_pool_idle_connections',
  'batchsender_pool_waiting_statements',
  'batchsender_status_condition',
  'batchsender_status_check',
  'batchsender_certificate_not_after_timestamp_seconds',
  'batchsender_backup_completed_timestamp_seconds',
  'batchsender_backup_verified_timestamp_seconds',
  'batchsender_backup_max_age_seconds',
  'batchsender_suspended',
  'batchsender_operator_apply_total',
  'batchsender_operator_reflector_lag_seconds',
])
/** Of kube-state-metrics 2: docs/monitoring.md says what for. */
const OF_OTHERS = new Set([
  'kube_pod_container_status_waiting_reason',
  'kube_pod_container_status_restarts_total',
])

interface Described {
  readonly name: string
  readonly type: unknown
}

async function made(): Promise<ReadonlySet<string>> {
  const described: readonly Described[] = [
    ...(await openMetrics().registry.getMetricsAsJSON()),
    ...(await createMetrics().registry.getMetricsAsJSON()),
  ]
  return new Set(
    described.flatMap(({ name, type }) =>
      type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
    ),
  )
}

const known = await made()

function metricsIn(expression: string): readonly string[] {
  const names: string[] = []
  parser.parse(expression).iterate({
    enter: ({ node, type }) => {
      if (type.isError) throw new Error(`not understood: ${expression}`)
      if (type.name !== 'VectorSelector') return
      const name = node.getChild('Identifier')
      names.push(name ? expression.slice(name.from, name.to) : '{}')
    },
  })
  return names
}

/** Of Grafana's own variables. */
const withoutVariables = (expression: string) => expression.replaceAll('$__rate_interval', '5m')

const selector = { namespace: 'mail', batchsender: 'orders' }
const options = { thresholds: thresholdsOf(), runbookBaseUrl: 'https://docs.example.com' }
const rules = [...alertGroups(options), ...alertGroups({ ...options, selector })].flatMap(
  (group) => group.rules,
)
const panels = BOARDS.flatMap(({ key, rows }) =>
  rows.flatMap((row) => row.panels.map((panel) => [`${key}: ${panel.title}`, panel] as const)),
)

describe('every metric', () => {
  const isThere = (name: string) => known.has(name) || TO_COME.has(name) || OF_OTHERS.has(name)

  it.each(rules.map(({ alert, expr }) => [alert, expr] as const))(
    'of the alert %s is made by us',
    (_, expr) => {
      const names = metricsIn(expr)
      expect(names.length).toBeGreaterThan(0)
      expect(names.filter((name) => !isThere(name))).toEqual([])
    },
  )

  it.each(panels)('of the panel %s is made by us', (_, { queries }) => {
    for (const { expr } of queries) {
      const names = metricsIn(withoutVariables(filled(expr)))
      expect(names.length).toBeGreaterThan(0)
      expect(names.filter((name) => !isThere(name))).toEqual([])
    }
  })

  it('that is said to come is not there yet, and is used', () => {
    const used = new Set([
      ...rules.flatMap(({ expr }) => metricsIn(expr)),
      ...panels.flatMap(([, { queries }]) =>
        queries.flatMap(({ expr }) => metricsIn(withoutVariables(filled(expr)))),
      ),
    ])
    expect([...TO_COME].filter((name) => known.has(name) || !used.has(name))).toEqual([])
  })

  it('that nobody makes is noticed', () => {
    expect(metricsIn('sum(batchsender_atempts_total) / x').filter((name) => !isThere(name))).toEqual([
      'batchsender_atempts_total',
      'x',
    ])
  })
})

describe('a dashboard', () => {
  interface Shown {
    readonly id?: number
    readonly type: string
    readonly datasource?: { readonly uid?: string }
    readonly targets?: readonly { readonly refId?: string; readonly datasource?: { readonly uid?: string } }[]
    readonly panels?: readonly Shown[]
  }

  it.each(BOARDS.map((board) => [board.key, board] as const))('%s is whole', (_, board) => {
    const dashboard = JSON.parse(JSON.stringify(dashboardOf(board))) as {
      readonly uid: string
      readonly panels: readonly Shown[]
      readonly templating: { readonly list: readonly { readonly name: string }[] }
    }
    const all = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])
    const ids = all.map(({ id }) => id)
    expect(ids.every((id) => id !== undefined && id > 0)).toBe(true)
    expect(new Set(ids).size).toBe(ids.length)
    const shown = all.filter(({ type }) => type !== 'row')
    expect(shown).toHaveLength(board.rows.flatMap((row) => row.panels).length)
    for (const { datasource, targets = [] } of shown) {
      expect(datasource?.uid).toBe('${datasource}')
      expect(targets.map((target) => target.datasource?.uid)).toEqual(targets.map(() => '${datasource}'))
      const refs = targets.map(({ refId }) => refId)
      expect(refs.every(Boolean) && new Set(refs).size === refs.length).toBe(true)
    }
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(
      board.of === 'object' ? ['datasource', 'namespace', 'batchsender'] : ['datasource'],
    )
  })

  it('has a name and a uid of its own', () => {
    expect(new Set(BOARDS.map(({ key }) => key)).size).toBe(BOARDS.length)
  })
})
