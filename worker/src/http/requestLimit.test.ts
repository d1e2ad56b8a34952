import { describe, expect, it, vi } from 'vitest'
import type { AllowanceLedger } from './ports.ts'
import { RequestLimit } from './requestLimit.ts'

/** Budgets in memory, as PostgreSQL shares them between workers. */
function sharedLedger() {
  const taken = new Map<string, number>()
  const statements: (readonly string[])[] = []
  const ledger: AllowanceLedger = {
    lease: (clients, budget, part) => {
      statements.push(clients)
      return Promise.resolve(
        clients.map((client) => {
          const before = taken.get(client) ?? 0
          const granted = Math.min(part, Math.ceil((budget - before) / 4))
          taken.set(client, before + granted)
          return { client, granted, rest: budget - before - granted, endsInMs: 60_000 }
        }),
      )
    },
    forgetEnded: () => Promise.resolve(),
  }
  return { ledger, statements }
}

const limitOf = (ledger: AllowanceLedger, budget = 100, onShared = () => undefined) =>
  new RequestLimit({ name: 'ip', budget, ledger, onShared })

async function allowedOf(limits: readonly RequestLimit[], requests: number, client = 'a'): Promise<number> {
  const each = limits.map((limit) =>
    Array.from({ length: requests / limits.length }, () => limit.take(client)),
  )
  const answers = await Promise.all(each.flat())
  return answers.filter(({ isAllowed }) => isAllowed).length
}

describe('a limit on requests', () => {
  it('lets exactly the budget through, and a flood costs a few statements', async () => {
    const { ledger, statements } = sharedLedger()
    const limit = limitOf(ledger)
    expect(await allowedOf([limit], 5_000)).toBe(100)
    expect(statements.length).toBeLessThan(25)
    const before = statements.length
    expect(await limit.take('a')).toMatchObject({
      isAllowed: false,
      limit: 100,
      remaining: 0,
      resetSeconds: 60,
    })
    expect(statements).toHaveLength(before)
  })

  it('never lets more through with several workers, and hardly less', async () => {
    const { ledger } = sharedLedger()
    const workers = Array.from({ length: 3 }, () => limitOf(ledger))
    const allowed = await allowedOf(workers, 900)
    expect(allowed).toBeLessThanOrEqual(100)
    expect(allowed).toBeGreaterThan(90)
  })

  it('serves all clients that wait with one statement at a time', async () => {
    const { ledger, statements } = sharedLedger()
    const limit = limitOf(ledger)
    await Promise.all(Array.from({ length: 400 }, (_, index) => limit.take(`client ${index}`)))
    expect(statements.length).toBeLessThanOrEqual(2)
  })

  it('remembers a bounded number of clients', async () => {
    const { ledger } = sharedLedger()
    const limit = limitOf(ledger)
    await Promise.all(Array.from({ length: 12_000 }, (_, index) => limit.take(`client ${index}`)))
    expect(limit.size).toBe(10_000)
  })

  it('forgets windows that have ended', async () => {
    const { ledger } = sharedLedger()
    const short: AllowanceLedger = {
      ...ledger,
      lease: async (clients, budget, part) =>
        (await ledger.lease(clients, budget, part)).map((grant) => ({ ...grant, endsInMs: 1 })),
    }
    const limit = limitOf(short)
    await limit.take('a')
    await new Promise((resolve) => setTimeout(resolve, 5))
    limit.forgetEnded()
    expect(limit.size).toBe(0)
  })

  it('counts by itself while the budgets cannot be shared, and says so once', async () => {
    const told = vi.fn()
    const away: AllowanceLedger = {
      lease: () => Promise.reject(new Error('away')),
      forgetEnded: () => Promise.resolve(),
    }
    const limit = limitOf(away, 100, told)
    expect(await allowedOf([limit], 300)).toBe(100)
    expect(await allowedOf([limit], 300, 'b')).toBe(100)
    expect(told.mock.calls).toMatchObject([[false, { message: 'away' }]])
  })
})
