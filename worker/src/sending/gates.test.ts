import { expect, test } from 'vitest'
import type { Outcome } from './ports.ts'
import { Gates } from './gates.ts'

const denied: Outcome = { retryClass: 'account', stage: 'rcpt', code: 'smtp_554' }
const of = (batchId: string, seq: number) => ({ batchId, seq })
function told(gates: Gates, batchId: string, outcome: Outcome): boolean[] {
  return [1, 2, 3].map((seq) => gates.failed(of(batchId, seq), outcome, 1_000))
}

test('a batch whose mails are refused is held back alone', () => {
  const gates = new Gates()
  expect(told(gates, 'bad', denied)).toEqual([false, false, false])
  expect(gates.waitMsOf('bad', 1_000)).toBeGreaterThan(0)
  expect(gates.waitMsOf('good', 1_000)).toBe(0)
  expect(gates.waitMs(1_000)).toBe(0)
  gates.succeeded(of('good', 1))
  expect(gates.waitMsOf('bad', 1_000)).toBeGreaterThan(0)
})

test.each<[string, Outcome]>([
  ['our login', { ...denied, stage: 'auth' }],
  ['our keys', { ...denied, stage: 'api' }],
  ['too fast', { retryClass: 'throttle', stage: 'rcpt' }],
  ['no way', { retryClass: 'unreachable', stage: 'mail' }],
])('what is about %s holds back everybody', (_, outcome) => {
  const gates = new Gates()
  expect(told(gates, 'one', outcome).at(-1)).toBe(true)
  expect(gates.waitMs(1_000)).toBeGreaterThan(0)
})

test('as many batches are remembered as may be at work, the latest ones', () => {
  const gates = new Gates()
  told(gates, 'first', denied)
  for (let n = 0; n < 1_000; n += 1) gates.failed(of(`b${n}`, 1), denied, 1_000)
  expect(gates.waitMsOf('first', 1_000)).toBe(0)
})

test('what holds back everybody is told with its beginning until something goes through, what is of one batch is not', () => {
  const gates = new Gates()
  told(gates, 'bad', denied)
  expect(gates.outage(1_000)).toBeUndefined()
  gates.failed(of('one', 1), { retryClass: 'unreachable', stage: 'mail' }, 1_000)
  expect(gates.outage(1_000)).toBeUndefined()
  told(gates, 'one', { retryClass: 'unreachable', stage: 'connect', code: 'ECONNREFUSED' })
  expect(gates.outage(9_000)).toEqual({
    since: new Date(1_000),
    lastAt: new Date(1_000),
    retryClass: 'unreachable',
    code: 'ECONNREFUSED',
  })
  gates.succeeded(of('other', 1))
  expect(gates.outage(9_000)).toBeUndefined()
})
