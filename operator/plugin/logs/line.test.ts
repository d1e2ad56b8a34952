import { expect, it } from 'vitest'
import { lineOf, readable } from './line.ts'

const AT = '2026-11-23T12:00:00.123456789Z'

it.each([
  [
    '{"level":"error","time":"2026-11-23T12:00:01.5Z","msg":"refused","batch":"b 1","status":550,"pid":1}',
    '12:00:01.500 ERROR refused batch="b 1" status=550',
  ],
  ['{"level":30,"time":1795435200000,"msg":"ready"}', '12:00:00.000 INFO  ready'],
  ['{"level":50,"msg":"x","error":{"code":"E"}}', '12:00:00.123 ERROR x error={"code":"E"}'],
  [
    '[1] 2026/11/23 12:00:00.123 [INF] Server is ready',
    '12:00:00.123 [1] 2026/11/23 12:00:00.123 [INF] Server is ready',
  ],
  ['{"broken', '12:00:00.123 {"broken'],
  ['', '12:00:00.123'],
  ['red \u001b[31mwords', '12:00:00.123 red \uFFFD[31mwords'],
])('%s is readable', (text, expected) => {
  expect(readable(lineOf(`${AT} ${text}`))).toBe(expected)
})

it('a line without an instant stays as it is', () => {
  expect(lineOf('unable to retrieve container logs')).toEqual({
    at: '',
    text: 'unable to retrieve container logs',
  })
})
