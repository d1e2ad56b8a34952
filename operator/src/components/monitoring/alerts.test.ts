import { describe, expect, it } from 'vitest'
import { RETRY_CLASSES } from '../../../../worker/src/domain/retryClasses.ts'
import { SPEC } from '../../testing/snapshots.ts'
import { pageOf } from './alerts/alert.ts'
import { alertGroups } from './alerts/index.ts'
import { FINE } from './alerts/mail.ts'
import { thresholdsOf } from '../parts/thresholds.ts'

const runbookBaseUrl = 'https://docs.example.com/runbooks'
const rules = alertGroups({ thresholds: thresholdsOf(), runbookBaseUrl }).flatMap((group) => group.rules)

describe('every alert', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s is told as people expect it', (_, rule) => {
    const { summary, description, runbook_url } = rule.annotations
    expect(rule.alert).toMatch(/^BatchSender([A-Z][a-z0-9]+)+$/)
    expect(rule.labels.severity).toMatch(/^(critical|warning)$/)
    expect(summary).toMatch(/^[A-Z][^{]*\.$/)
    expect(description).toMatch(/\.$/)
    expect(runbook_url).toBe(`${runbookBaseUrl}/${pageOf(rule.alert.replace('BatchSender', ''))}`)
  })

  it('has a name and a severity of its own', () => {
    const keys = rules.map(({ alert, labels }) => `${alert} ${labels.severity}`)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('about one BatchSender names it in every selector', () => {
    const selector = { namespace: 'mail', batchsender: 'orders' }
    const own = alertGroups({ selector, thresholds: thresholdsOf(), runbookBaseUrl }).flatMap(
      (group) => group.rules,
    )
    expect(own.filter(({ alert }) => alert.startsWith('BatchSenderOperator'))).toEqual([])
    for (const { expr } of own) {
      const series = [...expr.matchAll(/\b(?:batchsender|kube)_[a-z0-9_]+/g)].length
      const named = [...expr.matchAll(/namespace="mail",(?:batchsender="orders"|pod=~"orders-worker-)/g)]
        .length
      expect([expr, named]).toEqual([expr, series])
    }
  })
})

it('a page has the name of its alert', () => {
  expect([pageOf('StuckBatches'), pageOf('ApiSlow')]).toEqual(['stuck-batches', 'api-slow'])
})

it('what is no failure is a class that there is', () => {
  expect(FINE.filter((name) => !(name in RETRY_CLASSES))).toEqual([])
})

describe('thresholds', () => {
  it('are those that the documents say, when nothing is set', () => {
    expect(thresholdsOf(SPEC)).toEqual({
      errorRatePercent: 5,
      stuckBatchSeconds: 900,
      backlog: 10_000,
      apiP95Seconds: 0.5,
      providerAwaySeconds: 120,
      outboxSeconds: 900,
      availability: '99.9',
    })
  })

  it('are those of the spec', () => {
    const thresholds = { stuckBatchAge: '2h', apiP95Milliseconds: 250 }
    const spec = {
      ...SPEC,
      monitoring: { rules: { thresholds } },
      objectives: { availability: '99.95' },
    }
    expect(thresholdsOf(spec)).toMatchObject({
      stuckBatchSeconds: 7_200,
      apiP95Seconds: 0.25,
      availability: '99.95',
    })
  })
})
