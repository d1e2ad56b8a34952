/**
 * What this product sells is a green check. Here everything that a check or a condition vouches for is broken by hand, in
 * as many ways as we know, with real pods: each has to be told within its limit, in words that name it, or to be mended
 * before; and each has to be green again once it is mended.
 */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { expectContract } from './environment.ts'
import type { Group } from './breaks/break.ts'
import { runGroups, type GroupRun, type Outcome } from './breaks/run.ts'
import { backups } from './breaks/backups.ts'
import { certificates } from './breaks/certificates.ts'
import { losses } from './breaks/losses.ts'
import { nats } from './breaks/nats.ts'
import { network } from './breaks/network.ts'
import { ownership } from './breaks/ownership.ts'
import { worker } from './breaks/worker.ts'

const ALL: readonly Group[] = [backups, losses, ownership, nats, network, certificates, worker]
const GROUPS = ALL.flatMap(asked)
/** The rows of a group happen one after the other, and the first row waits for its BatchSender. */
const PATIENCE_MS = 5_400_000

/** Each has half a dozen pods. */
const AT_ONCE = 2

let runs: ReadonlyMap<Group, GroupRun>
const seen: string[] = []
let red = 0

beforeAll(() => {
  runs = runGroups(GROUPS, AT_ONCE)
})
afterAll(async () => {
  await Promise.allSettled([...runs.values()].map((run) => run.statuses))
  const expected = GROUPS.flatMap(({ breaks }) => breaks).filter((row) => row.red).length
  console.log(`${seen.join('\n')}\nred ${red} of ${expected}`)
}, 600_000)

describe.each(GROUPS)('$name', (group) => {
  it.each(group.breaks)(
    '$green.at: $how',
    async (row) => {
      const outcome = await runs.get(group)?.outcomes.get(row)
      if (!outcome) throw new Error('was not carried out')
      if (row.red) red += 1
      seen.push(lineOf(group, row.green.at, row.how, outcome))
    },
    PATIENCE_MS,
  )

  it('kept the status contract in every status that was seen', async () => {
    const statuses = (await runs.get(group)?.statuses) ?? []
    expectContract(statuses)
    console.log(`${group.name}: ${statuses.length} statuses, none breaks the contract`)
  })
})

/** `BREAKS=nats,worker` carries out these groups alone, `BREAKS=nats/quota|SIGSTOP` the rows that the pattern matches. */
function asked({ breaks, ...group }: Group): readonly Group[] {
  const { BREAKS = '' } = process.env
  const wishes = BREAKS.split(',').filter(Boolean)
  if (wishes.length === 0) return [{ ...group, breaks }]
  return wishes
    .map((wish) => wish.split('/'))
    .filter(([name]) => name === group.name)
    .map(([, word = '']) => ({ ...group, breaks: breaks.filter(({ how }) => new RegExp(word).test(how)) }))
}

function lineOf({ name }: Group, at: string, how: string, outcome: Outcome): string {
  const { redSeconds, greenSeconds, redWords } = outcome
  const told = redSeconds === undefined ? 'mended' : `red ${redSeconds} s`
  return `${name} | ${at} | ${how} | ${told} | green ${greenSeconds} s | ${redWords ?? ''}`
}
