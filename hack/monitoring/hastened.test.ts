import { expect, it } from 'vitest'
import { alertGroups } from '../../operator/src/components/monitoring/alerts/index.ts'
import { thresholdsOf } from '../../operator/src/components/parts/thresholds.ts'
import { hastened } from './hastened.ts'

it('shortens what rules wait for and look back on, and nothing else', () => {
  const groups = alertGroups({ thresholds: thresholdsOf(), runbookBaseUrl: 'https://docs.example.com' })
  const [before, after] = [groups, hastened(groups, 5)].map((all) => all.flatMap(({ rules }) => rules))
  const [one, fast] = [before, after].map((rules) =>
    rules?.find(({ alert }) => alert === 'BatchSenderHighErrorRate'),
  )
  expect(one?.expr).toContain('[5m]')
  expect(fast).toEqual({ ...one, expr: one?.expr.replaceAll('[5m]', '[60s]'), for: '24s' })
  expect(JSON.stringify(after)).not.toMatch(/\[\d+[mhd]\]/)
})
