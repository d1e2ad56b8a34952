import { expect, test } from 'vitest'
import { DOMINANT, RefusalWindow, WINDOW } from './refusalWindow.ts'

const blocked = { class: 'recipient', code: 'smtp_554', enhancedCode: '5.7.1' }
const unknown = { class: 'recipient', code: 'smtp_550', enhancedCode: '5.1.1' }

test('the same refusal of everybody is told as soon as there are enough, with what was said', () => {
  const window = new RefusalWindow()
  for (let count = 1; count < DOMINANT; count += 1) expect(window.refused(blocked, 'no')).toBeUndefined()
  expect(window.refused(blocked, 'no')).toEqual({ ...blocked, detail: 'no', count: DOMINANT, of: DOMINANT })
})

/** Undefined for a mail that was taken. */
type Came = typeof blocked | undefined

/** @returns after how many it was told; -1 when never */
function toldAfter(window: RefusalWindow, came: (index: number) => Came): number {
  return Array.from({ length: 1_000 }, (_, index) => index).findIndex((index) => {
    const refusal = came(index)
    if (refusal !== undefined) return window.refused(refusal, undefined) !== undefined
    window.accepted()
    return false
  })
}

test('it may be four of five, and what came long before counts no more', () => {
  const window = new RefusalWindow()
  for (let count = 0; count < 500; count += 1) window.accepted()
  const after = toldAfter(window, (index) => (index % 5 === 4 ? undefined : unknown))
  expect(after).toBeGreaterThan(0)
  expect(after).toBeLessThan(WINDOW)
})

test.each<[string, (index: number) => Came]>([
  ['three of four', (index) => (index % 4 === 3 ? undefined : unknown)],
  ['two by turns', (index) => (index % 2 === 0 ? blocked : unknown)],
  [
    'the same code with another enhanced code',
    (index) => ({ ...blocked, enhancedCode: index % 2 === 0 ? '5.7.1' : '5.7.26' }),
  ],
])('%s is no dominance', (_, came) => {
  expect(toldAfter(new RefusalWindow(), came)).toBe(-1)
})
