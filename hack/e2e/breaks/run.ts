/** Carries out the breaks of a group one after the other and says what was seen of each. */
import type { Seen } from '../../demo/readiness.ts'
import { conditionOf } from '../../demo/readiness.ts'
import { eventually } from '../eventually.ts'
import type { Break, Group, Place, Telling } from './break.ts'

export interface Outcome {
  readonly redSeconds?: number
  readonly redWords?: string
  readonly greenSeconds: number
}

const SETTLES_SECONDS = 300
/** Programs are started to look, which others on the machine feel. */
const PAUSE_MS = 1_000
/** What was seen is at hand. */
const GLANCE_MS = 100

/** Whatever becomes of one, the next is tried: what came of each is in its promise. */
export class GroupRun {
  readonly outcomes: ReadonlyMap<Break, Promise<Outcome>>
  /** Every status that was seen, once all is over and the place is closed. */
  readonly statuses: Promise<readonly Seen[]>

  /** @param turn when it may begin */
  constructor(group: Group, turn: Promise<unknown>) {
    const place = turn.then(() => group.open())
    const outcomes = new Map<Break, Promise<Outcome>>()
    let before: Promise<unknown> = place
    for (const row of group.breaks) {
      const outcome = before.then(async () => carryOut(row, await place))
      outcomes.set(row, outcome)
      tellOf(`${group.name}: ${row.how}`, outcome)
      before = outcome.catch(() => undefined)
    }
    this.outcomes = outcomes
    this.statuses = before.then(async () => {
      const opened = await place
      await opened.close()
      return opened.here.statuses
    })
  }
}

/** At once: the tests tell of the groups one after the other. */
function tellOf(what: string, outcome: Promise<Outcome>): void {
  const tell = (words: string) => {
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${what}: ${words}\n`)
  }
  outcome.then(
    ({ redSeconds, greenSeconds }) => {
      tell(
        `${redSeconds === undefined ? 'mended' : `red after ${redSeconds} s`}, green after ${greenSeconds} s`,
      )
    },
    (error: unknown) => {
      tell(error instanceof Error ? error.message : String(error))
    },
  )
}

/** So many groups at a time; the others wait for their turn. */
export function runGroups(groups: readonly Group[], atOnce: number): ReadonlyMap<Group, GroupRun> {
  const runs = new Map<Group, GroupRun>()
  const lanes: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve())
  groups.forEach((group, index) => {
    const lane = index % atOnce
    const run = new GroupRun(group, lanes[lane] ?? Promise.resolve())
    lanes[lane] = run.statuses.catch(() => undefined)
    runs.set(group, run)
  })
  return runs
}

/** @throws Error that says what was not seen, or what was seen and must not be */
async function carryOut(row: Break, site: Place): Promise<Outcome> {
  const { here } = site
  await until(site, { ...row.green, withinSeconds: SETTLES_SECONDS }, 'before it is broken')
  const firstSeen = here.statuses.length
  const startedAt = performance.now()
  const red = await broken(row, site).finally(() => row.mend?.(site))
  const mendedAt = row.mend ? performance.now() : startedAt
  const { mended } = row
  if (mended)
    await eventually(
      'what was broken is in place again',
      async () => ((await mended(site)) ? true : undefined),
      row.green.withinSeconds * 1_000,
      PAUSE_MS,
    )
  await until(site, row.green, 'after it was mended')
  const since = here.statuses.slice(firstSeen)
  for (const at of row.steady ?? []) expectAlways(since, at, ['True', 'Proven'])
  for (const at of row.never ?? []) expectAlways(since, at, ['False', undefined])
  return { ...red, greenSeconds: secondsSince(mendedAt) }
}

/** @throws Error with what was seen instead */
function expectAlways(statuses: readonly Seen[], at: string, allowed: readonly (string | undefined)[]): void {
  for (const seen of statuses.filter(({ status }) => status.conditions)) {
    const word = wordOf(seen, at)
    if (!allowed.includes(word?.is))
      throw new Error(`${at} turned in between: ${word ? `${word.is} ${word.words}` : 'it was gone'}`)
  }
}

async function broken(row: Break, site: Place): Promise<Partial<Outcome>> {
  await row.breakIt(site)
  return told(row, site)
}

async function told({ red, whileRed }: Break, site: Place): Promise<Partial<Outcome>> {
  if (!red) return {}
  const startedAt = performance.now()
  const redWords = await until(site, red, 'after it was broken')
  const redSeconds = secondsSince(startedAt)
  await whileRed?.(site)
  return { redSeconds, redWords }
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 1_000)
}

/** @returns what it says */
async function until({ here }: Place, telling: Telling, when: string): Promise<string> {
  const { at, is, says, withinSeconds } = telling
  let last = 'nothing'
  try {
    return await eventually(
      at,
      () => {
        const now = here.latest && wordOf(here.latest, at)
        last = now ? `${now.is} ${now.words}` : 'nothing'
        const isTold = now?.is === is && (says?.test(now.words) ?? true)
        return Promise.resolve(isTold ? now.words : undefined)
      },
      withinSeconds * 1_000,
      GLANCE_MS,
    )
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('not seen')) throw error
    const words = says ? ` ${String(says)}` : ''
    throw new Error(`${at} was not ${is}${words} within ${withinSeconds} s ${when}; it says: ${last}`, {
      cause: error,
    })
  }
}

interface Word {
  readonly is: string
  readonly words: string
}

function wordOf(seen: Seen, at: string): Word | undefined {
  const check = seen.status.checks?.find(({ name }) => name === at)
  if (check) return { is: check.state, words: check.message }
  const condition = conditionOf(seen, at)
  return condition && { is: condition.status, words: `${condition.reason}: ${condition.message}` }
}
