/** What each alert makes of histories of series, by the real promtool: fires, must not, no traffic, gaps. */
import { beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Rule, RuleGroup } from '../src/components/monitoring/alerts/alert.ts'
import { runPromtool } from '../../hack/servers/prometheus/promtool.ts'
import { promtool } from '../../hack/servers/prometheus/programs.ts'
import { alertGroups } from '../src/components/monitoring/alerts/index.ts'
import { thresholdsOf } from '../src/components/parts/thresholds.ts'
import { apiCases } from './alerts/api.ts'
import { ME, object, type Case } from './alerts/case.ts'
import { mailCases } from './alerts/mail.ts'
import { objectCases } from './alerts/objects.ts'
import { operatorCases } from './alerts/operator.ts'
import { workerCases } from './alerts/workers.ts'

const CASES = [...mailCases, ...apiCases, ...workerCases, ...objectCases]
const options = { thresholds: thresholdsOf(), runbookBaseUrl: 'https://docs.example.com/runbooks' }
const OF_ONE = alertGroups({ ...options, selector: { namespace: 'mail', batchsender: 'orders' } })
const OF_ALL = alertGroups(options)
const rulesIn = (groups: readonly RuleGroup[]) => groups.flatMap(({ rules }) => rules)

/** So that rules about all of them know whose a pod is. */
const KNOWN = {
  [object('batchsender_status_condition', 'type="Ready",status="True",reason="Ready"')]: '1x100',
}
const ofPods = (series: Case['series']) => Object.keys(series).some((name) => name.startsWith('kube_'))

const inputs = (series: Case['series']) =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }))

function alertTest(one: Case, rules: readonly Rule[], who: object) {
  const alertname = `BatchSender${one.alert}`
  if (one.not !== undefined)
    return {
      promql_expr_test: [
        {
          expr: `ALERTS{alertname="${alertname}",severity="${one.not}",alertstate="firing"}`,
          eval_time: one.at,
          exp_samples: [],
        },
      ],
    }
  const alerts = one.fires.map(({ severity, says, labels = {} }) => {
    const rule = rules.find(({ alert, labels: own }) => alert === alertname && own.severity === severity)
    return {
      exp_labels: { severity, ...who, ...labels },
      exp_annotations: { ...rule?.annotations, description: says },
    }
  })
  return { alert_rule_test: [{ eval_time: one.at, alertname, exp_alerts: alerts }] }
}

const testOf = (one: Case, groups: readonly RuleGroup[], who: object) => ({
  name: `${one.alert}: ${one.what}`,
  interval: '1m',
  input_series: inputs({ ...one.series, ...(ofPods(one.series) && KNOWN) }),
  ...alertTest(one, rulesIn(groups), who),
})

function judge(groups: readonly RuleGroup[], tests: readonly object[]): Promise<string> {
  return runPromtool(['test', 'rules', 'tests.yaml'], {
    'rules.yaml': stringify({ groups }, { aliasDuplicateObjects: false }),
    'tests.yaml': stringify(
      { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests },
      { aliasDuplicateObjects: false, lineWidth: 0 },
    ),
  })
}

const WHO = { namespace: 'mail', batchsender: 'orders' }
const FORMS = [
  ['one BatchSender', OF_ONE],
  ['all of them', OF_ALL],
] as const

beforeAll(async () => {
  await promtool()
})

describe.each(FORMS)('the alerts about %s', (_, groups) => {
  it('are rules that Prometheus takes', async () => {
    const said = await runPromtool(['check', 'rules', 'rules.yaml'], { 'rules.yaml': stringify({ groups }) })
    expect(said).toContain(`SUCCESS: ${rulesIn(groups).length} rules found`)
  })

  it('are silent where there is nothing', async () => {
    const silent = { expr: 'ALERTS{alertname!="BatchSenderOperatorDown"}', eval_time: '1h', exp_samples: [] }
    await judge(groups, [{ interval: '1m', input_series: [], promql_expr_test: [silent] }])
  })
})

it('the alerts about all of them fire when they should, with the words that they should, and not otherwise', async () => {
  await judge(
    OF_ALL,
    CASES.map((one) => testOf(one, OF_ALL, WHO)),
  )
})

it('the alerts about one BatchSender do so, too, and are silent about another', async () => {
  const another = (series: Case['series']) =>
    Object.fromEntries(
      Object.entries(series).map(([name, values]) => [
        name.replace(ME, ME.replace('orders', 'others')).replace('"orders-worker', '"others-worker'),
        values,
      ]),
    )
  const firing = CASES.filter(({ fires }) => fires.length > 0)
  await judge(
    OF_ONE,
    firing.map((one) => testOf({ ...one, series: { ...one.series, ...another(one.series) } }, OF_ONE, WHO)),
  )
})

it('the alerts about the operator fire when they should, and not otherwise', async () => {
  await judge(
    OF_ALL,
    operatorCases.map((one) => testOf(one, OF_ALL, {})),
  )
})

describe('each alert', () => {
  const names = [...new Set(rulesIn(OF_ALL).map(({ alert }) => alert.replace('BatchSender', '')))]
  it.each(names)('%s is seen to fire, to be silent, and over a gap', (name) => {
    const own = [...CASES, ...operatorCases].filter(({ alert }) => alert === name)
    expect(own.filter(({ fires }) => fires.length > 0).length).toBeGreaterThan(0)
    expect(own.filter(({ fires }) => fires.length === 0).length).toBeGreaterThan(0)
    const gaps = own.filter(({ series }) => Object.values(series).some((values) => /_|stale/.test(values)))
    expect(gaps.length).toBeGreaterThan(0)
  })
})
