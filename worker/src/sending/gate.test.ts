import { expect, test } from 'vitest'
import { closingOf, Gate } from './gate.ts'

test('closings at the same time count once, further ones last longer, a success forgets them', async () => {
  const gate = new Gate()
  const start = Date.now()
  gate.close(10, start)
  gate.close(10, start + 5)
  gate.close(10, start + 10)
  gate.succeeded()
  gate.close(10, start + 30)
  await gate.passed(new AbortController().signal)
  expect(Date.now()).toBeGreaterThanOrEqual(start + 40)
})

test('who is told to stop does not wait', async () => {
  const gate = new Gate()
  gate.close(60_000, Date.now())
  await gate.passed(AbortSignal.abort())
  const stop = new AbortController()
  const waiting = gate.passed(stop.signal)
  stop.abort()
  await waiting
  expect(gate.waitMs(Date.now())).toBeGreaterThan(50_000)
})

test('one mail in doubt closes nothing, many without a success in between do', () => {
  const gate = new Gate()
  const doubt = { pauseMs: 1_000, patience: 3 }
  const waits = () => gate.waitMs(1_000)
  gate.failed(doubt, 1_000)
  gate.failed(doubt, 1_000)
  gate.succeeded()
  gate.failed(doubt, 1_000)
  gate.failed(doubt, 1_000)
  expect(waits()).toBe(0)
  gate.failed(doubt, 1_000)
  expect(waits()).toBe(1_000)
})

test('one recipient that is refused again and again closes nothing, several do', () => {
  const gate = new Gate()
  const throttled = { pauseMs: 1_000, patience: 3 }
  for (let tries = 0; tries < 20; tries += 1) expect(gate.failed(throttled, 1_000, 'b:1')).toBe(false)
  expect(gate.failed(throttled, 1_000, 'b:2')).toBe(false)
  expect(gate.waitMs(1_000)).toBe(0)
  expect(gate.failed(throttled, 1_000, 'b:3')).toBe(true)
  expect(gate.waitMs(1_000)).toBe(1_000)
})

test('what is said before any mail, or by an API, is about everybody at once; a doubt is not', () => {
  expect(closingOf({ retryClass: 'account', stage: 'auth' }).patience).toBeUndefined()
  expect(closingOf({ retryClass: 'throttle', stage: 'api' }).patience).toBeUndefined()
  expect(closingOf({ retryClass: 'throttle', stage: 'rcpt' }).patience).toBeGreaterThan(1)
  expect(closingOf({ retryClass: 'ambiguous', stage: 'api' }).patience).toBeGreaterThan(1)
})
