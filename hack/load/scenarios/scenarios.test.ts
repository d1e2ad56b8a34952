import { describe, expect, it } from 'vitest'
import { verifyStandardWebhook } from '../../../worker/src/webhooks/standardWebhook.ts'
import { batches } from './batches.ts'
import { isScenario, SCENARIOS, wantedIn } from './scenario.ts'
import { webhooks } from './webhooks.ts'

const NOW = new Date('2026-03-01T12:00:00.900Z')
const KEY = Buffer.alloc(32, 7)

describe('the requests of a scenario', () => {
  it('are batches of their own, with a key each', () => {
    const calls = batches({ run: 'l1', token: 'secret', recipients: 2 })
    const { kind, path, headers, body } = calls(3, NOW)
    expect({ kind, path, headers }).toEqual({
      kind: 'batch',
      path: '/v1/batches',
      headers: {
        authorization: 'Bearer secret',
        'content-type': 'application/json',
        'idempotency-key': 'l1-3',
      },
    })
    expect((JSON.parse(body) as { recipients: object[] }).recipients).toEqual([
      { address: 'user0@l1-3.example.com', variables: { name: 'customer 0' } },
      { address: 'user1@l1-3.example.com', variables: { name: 'customer 1' } },
    ])
    expect(calls(4, NOW).headers['idempotency-key']).toBe('l1-4')
  })

  it('are webhooks of which the worker takes all but every hundredth', () => {
    const calls = webhooks({
      run: 'l1',
      secret: `whsec_${KEY.toString('base64')}`,
      batchId: 'b1',
      recipients: 150,
    })
    const made = Array.from({ length: 201 }, (_, index) => calls(index, NOW))
    const judged = made.map(
      ({ body, headers }) => verifyStandardWebhook(Buffer.from(body), headers, [KEY], NOW).kind,
    )
    expect(judged).toEqual(made.map(({ kind }) => kind))
    expect(judged.flatMap((kind, index) => (kind === 'forged' ? [index] : []))).toEqual([0, 100, 200])
    expect(new Set(made.map(({ headers }) => headers['svix-id'])).size).toBe(201)
  })

  it('are signed at the time at which they are handed over, and tell of the recipients in turn', () => {
    const calls = webhooks({ run: 'l1', secret: 'whsec_AAAA', batchId: 'b1', recipients: 150 })
    const { headers, body } = calls(151, NOW)
    expect(headers['svix-timestamp']).toBe(String(NOW.getTime() / 1_000 - 0.9))
    expect(JSON.parse(body)).toMatchObject({
      type: 'email.delivered',
      data: {
        email_id: 'l1-151',
        to: ['r1@example.org'],
        tags: { 'batch-id': 'b1', 'batch-recipient': '1' },
      },
    })
  })
})

describe('a scenario', () => {
  it('says how many requests are due', () => {
    expect(wantedIn(SCENARIOS.sustained, 3_600)).toBe(1_000)
    expect(wantedIn(SCENARIOS.sustained, 30)).toBe(8)
    expect(wantedIn(SCENARIOS.burst, 600)).toBe(10_000)
    expect(wantedIn(SCENARIOS.webhooks, 20)).toBe(20_000)
  })

  it.each([3, 0, Number.NaN])('is refused for %d s, in which nothing is due', (seconds) => {
    expect(() => wantedIn(SCENARIOS.sustained, seconds)).toThrow('one comes every 3.6 s')
  })

  it('is known by its name', () => {
    expect(['sustained', 'burst', 'webhooks', 'toString'].filter(isScenario)).toEqual(Object.keys(SCENARIOS))
  })
})
