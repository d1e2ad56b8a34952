import { describe, expect, it } from 'vitest'
import { resultOf, targetLines } from './wire.ts'

const calls = (index: number, now: Date) => ({
  kind: index === 0 ? 'forged' : 'genuine',
  path: '/hooks',
  headers: { 'at-ms': String(now.getTime()) },
  body: `Grüße ${index}`,
})

/** As `vegeta encode -to=json` wrote it. */
const LINE =
  '{"attack":"","seq":41,"code":401,"timestamp":"2026-03-01T12:00:00.123456789Z","latency":2500000,"bytes_out":14,' +
  '"bytes_in":0,"error":"401 Unauthorized","body":null,"method":"POST","url":"http://127.0.0.1:1/hooks#forged",' +
  '"headers":{}}'
const withoutUrl = (error: string) =>
  LINE.replace(/"url":"[^"]*"/, '"url":""').replace('401 Unauthorized', error)

describe('the lines for vegeta', () => {
  it('are targets whose kind is in the fragment alone', () => {
    const [first, second, ...more] = targetLines('http://127.0.0.1:1', calls, 2, () => new Date(5))
    expect(more).toEqual([])
    expect(JSON.parse(first ?? '')).toEqual({
      method: 'POST',
      url: 'http://127.0.0.1:1/hooks#forged',
      header: { 'at-ms': ['5'] },
      body: Buffer.from('Grüße 0').toString('base64'),
    })
    expect(second).toMatch(/#genuine.*\n$/)
  })

  it('are made when they are asked for', () => {
    let now = 1
    const lines = targetLines('http://127.0.0.1:1', calls, 2, () => new Date(now))
    expect(lines.next().value).toContain('"at-ms":["1"]')
    now = 2
    expect(lines.next().value).toContain('"at-ms":["2"]')
  })
})

describe('a line of vegeta', () => {
  it('is the result of a request', () => {
    expect(resultOf(LINE)).toEqual({
      kind: 'forged',
      seq: 41,
      at: Date.parse('2026-03-01T12:00:00.123Z'),
      ms: 2.5,
      status: 401,
      error: '401 Unauthorized',
    })
  })

  it('is none when the requests had come to their end', () => {
    expect(resultOf(withoutUrl('no targets to attack'))).toBeUndefined()
  })

  it('may say that vegeta did not understand', () => {
    expect(() => resultOf(withoutUrl('target: required method is missing'))).toThrow(
      'required method is missing',
    )
  })
})
