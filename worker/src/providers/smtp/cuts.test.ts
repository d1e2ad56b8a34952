/** A connection that is cut at every byte of a conversation of three mails, in both directions. */
import { expect, test } from 'vitest'
import type { Outcome } from '../../sending/ports.ts'
import type { Cut } from './testing/cuttingProxy.ts'
import { startCuttingProxy } from './testing/cuttingProxy.ts'
import { mail, scripted } from './testing/scriptedServer.ts'

const MAILS = 3
/** That many conversations at once; each waits for nothing but sockets. */
const TOGETHER = 16

interface Seen {
  /** How often the server took each mail. */
  readonly taken: readonly number[]
  readonly outcomes: readonly Outcome[]
  readonly passed: Record<Cut['direction'], number>
}

async function talk(extensions: readonly string[], cut: Cut | undefined): Promise<Seen> {
  const taken = Array<number>(MAILS).fill(0)
  const recipients = new Map<number, number>()
  let port = 0
  const proxy = await startCuttingProxy(() => port, cut)
  const server = await scripted(
    (command, { number }, line) => {
      if (command === 'RCPT') recipients.set(number, Number(/<r(\d+)/.exec(line)?.[1]))
      if (command === '.') {
        const of = recipients.get(number) ?? NaN
        taken[of] = (taken[of] ?? NaN) + 1
      }
      return undefined
    },
    extensions,
    { port: proxy.port },
  )
  port = server.port
  try {
    const outcomes = await Promise.all(taken.map((_, seq) => server.provider.send(mail(seq))))
    return { taken, outcomes, passed: { ...proxy.passed } }
  } finally {
    server.close()
    proxy.close()
  }
}

test.each([
  ['with PIPELINING', ['PIPELINING', 'SIZE 1000000']],
  ['one command at a time', []],
])('%s what was taken is known or in doubt, and nothing is taken twice', async (_, extensions) => {
  const whole = await talk(extensions, undefined)
  expect(whole.taken).toEqual([1, 1, 1])
  const cuts = (['up', 'down'] as const).flatMap((direction) =>
    Array.from({ length: whole.passed[direction] + 1 }, (__, afterBytes) => ({
      direction,
      afterBytes,
      how: afterBytes % 2 === 0 ? ('end' as const) : ('reset' as const),
    })),
  )
  const counts: Record<string, number> = {}
  const check = (cut: Cut, { taken, outcomes }: Seen) => {
    const classes = outcomes.map(({ retryClass }) => retryClass)
    const told = JSON.stringify({ cut, taken, outcomes })
    for (const [seq, retryClass] of classes.entries()) {
      counts[retryClass] = (counts[retryClass] ?? 0) + 1
      expect(taken[seq], told).toBeLessThanOrEqual(1)
      if (retryClass === 'accepted') expect(taken[seq], told).toBe(1)
      else if (retryClass === 'unreachable') expect(taken[seq], told).toBe(0)
      else expect(retryClass, told).toBe('ambiguous')
    }
    // One cut is the end of one mail; whoever was behind it goes over another connection.
    expect(classes.filter((each) => each !== 'accepted').length, told).toBeLessThanOrEqual(1)
  }
  for (let first = 0; first < cuts.length; first += TOGETHER) {
    const some = cuts.slice(first, first + TOGETHER)
    const seen = await Promise.all(some.map((cut) => talk(extensions, cut)))
    for (const [index, cut] of some.entries()) check(cut, seen[index] ?? whole)
  }
  // Texts of three mails and the answers to them: doubt is of nothing else.
  expect(counts['ambiguous']).toBeGreaterThan(0)
  expect(counts['unreachable']).toBeGreaterThan(0)
  console.log(`${cuts.length} cuts: ${JSON.stringify(counts)}`)
})
