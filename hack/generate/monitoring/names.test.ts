/** Alerts and dashboards speak of metrics that there are, and of no others. */
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, it } from 'vitest'
import { alertGroups } from '../../../operator/src/components/monitoring/alerts/index.ts'
import { thresholdsOf } from '../../../operator/src/components/parts/thresholds.ts'
import { describedMetrics } from '../metricsDocs.ts'
import { filled } from './dashboards/board.ts'
import { dashboardOf } from './dashboards/build.ts'
import { BOARDS } from './dashboards/index.ts'

/** Of kube-state-metrics 2: docs/monitoring.md says what for. */
const OF_OTHERS = new Set([
  'kube_pod_container_status_waiting_reason',
  'kube_pod_container_status_restarts_total',
])

const { worker, workerProcess, objects, operator } = describedMetrics()
const known = new Set(
  [...worker, ...workerProcess, ...objects, ...operator].flatMap(({ name, type }) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
  ),
)

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
  const isThere = (name: string) => known.has(name) || OF_OTHERS.has(name)

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
