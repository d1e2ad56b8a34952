import { expect, test } from 'vitest'
import { headerFaults, mergedHeaders } from './mailHeaders.ts'

test.each([
  ['Precedence', 'bulk', undefined],
  ['Auto-Submitted', 'auto-generated', undefined],
  ['X-SES-CONFIGURATION-SET', 'events', undefined],
  ['X-Größe', 'x', 'header_name'],
  ['Two Words', 'x', 'header_name'],
  ['', 'x', 'header_name'],
  ['X:Y', 'x', 'header_name'],
  ['BCC', 'eve@example.org', 'reserved_header'],
  ['Content-Type', 'text/html', 'reserved_header'],
  ['x-batch-id', 'x', 'reserved_header'],
  ['List-Unsubscribe', '<https://x>', 'reserved_header'],
  ['X-A', 'a\r\nBcc: eve@example.org', 'header_value'],
  ['X-A', ' ', 'header_value'],
  ['X-A', 'a\0b', 'header_value'],
  ['X-A', 'a\u2028b', 'header_value'],
  ['X-A', 'x'.repeat(901), 'header_too_long'],
])('%s: %s', (name, value, code) => {
  expect(headerFaults({ [name]: value })).toEqual(code === undefined ? [] : [{ name, code }])
})

test('two that differ in case are one', () => {
  expect(headerFaults({ 'X-A': '1', 'x-a': '2' })).toEqual([{ name: 'x-a', code: 'duplicate_header' }])
  expect(mergedHeaders({ 'X-A': '1', 'X-B': '2' }, { 'x-a': '3' })).toEqual({ 'X-B': '2', 'x-a': '3' })
})
