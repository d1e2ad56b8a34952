/** Every contestant in every round, in an order that changes, then ours by itself; each run in an arena of its own. */
import type { Results, Result } from './results.ts'
import type { Accept } from './scenarios/accept.ts'
import { webhookFlood } from '../../load/webhookFlood.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { openArena, type Arena } from './arena.ts'
import { compiledWorker } from './compiled.ts'
import { CONTESTANTS, type Contestant } from './contestants.ts'
import { accept } from './scenarios/accept.ts'
import { campaign, type Campaign } from './scenarios/campaign.ts'
import { crash, type Crash } from './scenarios/crash.ts'
import { drain, LONG_LINE, type Drain } from './scenarios/drain.ts'
import { FAIRNESS_CASES, fairnessOf, type Fairness } from './scenarios/fairness.ts'
import { history, type History } from './scenarios/history.ts'
import { rateOf } from './scenarios/scale.ts'

export const SCENARIOS = [
  'drain',
  'drain20',
  'crash',
  'accept',
  'flood',
  'scale',
  'fairness',
  'history',
  'campaign',
] as const
export type Scenario = (typeof SCENARIOS)[number]

const SHARES = [0.2, 0.4, 0.6, 0.8]

export interface Options {
  readonly scenarios: readonly Scenario[]
  readonly contestants: readonly Contestant[]
  readonly count: number
  /** Mails over the line with latency. */
  readonly lateCount: number
  /** Mails of each run that is killed, in the first round only: what is counted there is no time. */
  readonly crashCount: number
  readonly scaleCount: number
  /** Recipients of the large batch beside the small one. */
  readonly fairnessCount: number
  readonly campaignCount: number
  /** Mails of the campaign that are waited for. */
  readonly campaignSent: number
  /** Recipients of the past. */
  readonly historyCount: number
  readonly acceptSeconds: number
  /** Recipients of the batches that keep the worker busy meanwhile. */
  readonly busyLot: number
  readonly floodSeconds: number
  readonly floodPerSecond: number
  readonly rounds: number
  readonly tell: (line: string) => void
}

export async function benchmark(options: Options): Promise<Results> {
  const results: Result[] = []
  const own = {
    accepts: [] as Accept[],
    scales: [] as number[][],
    fairness: [] as Fairness[],
    histories: [] as History[],
    campaigns: [] as Campaign[],
    faults: [] as string[],
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contestant of turned(options.contestants, round - 1)) {
      const result = await attempt(contestant, round, options)
      results.push(result)
      options.tell(sayResult(result))
    }
    await noting(own.faults, `accept, round ${round}`, async () => {
      own.accepts.push(...(await acceptOnce(options)))
    })
    await noting(own.faults, `scale, round ${round}`, async () => {
      own.scales.push(...(await scaleOnce(options, round)))
    })
  }
  await noting(own.faults, 'fairness', async () => {
    own.fairness.push(...(await fairnessOnce(options)))
  })
  await noting(own.faults, 'history', async () => {
    own.histories.push(...(await historyOnce(options)))
  })
  await noting(own.faults, 'campaign', async () => {
    own.campaigns.push(...(await campaignOnce(options)))
  })
  const floods = await noting(own.faults, 'flood', () => floodTwice(options))
  return { contestants: results, ...own, floods: floods ?? [] }
}

const turned = <Value>(values: readonly Value[], by: number): readonly Value[] => {
  const turn = by % Math.max(1, values.length)
  return [...values.slice(turn), ...values.slice(0, turn)]
}

async function attempt(contestant: Contestant, round: number, options: Options): Promise<Result> {
  const { scenarios, count, lateCount, crashCount } = options
  const { name, isBare = false } = contestant
  const kills = scenarios.includes('crash') && round === 1 && !isBare && crashCount > 0
  try {
    return {
      contestant: name,
      round,
      ...(scenarios.includes('drain') && {
        drain: await inArena((arena) => drain(arena, contestant, 'drain', count), contestant),
      }),
      ...(scenarios.includes('drain20') && {
        drainLate: await inArena(
          (arena) => drain(arena, contestant, 'late', lateCount, LONG_LINE),
          contestant,
        ),
      }),
      ...(kills && { crashes: await crashes(contestant, crashCount) }),
    }
  } catch (error) {
    return { contestant: name, round, fault: wordsOf(error) }
  }
}

/** All at once: most of it is waiting, and what is counted is no time. */
function crashes(contestant: Contestant, count: number): Promise<readonly Crash[]> {
  return Promise.all(
    SHARES.map((share) =>
      inArena((arena) => crash(arena, contestant, `crash${share * 100}`, count, share), contestant),
    ),
  )
}

async function acceptOnce({ scenarios, acceptSeconds, busyLot, tell }: Options): Promise<readonly Accept[]> {
  if (!scenarios.includes('accept')) return []
  const result = await inArena((arena) => accept(arena, acceptSeconds, busyLot))
  tell(`accept: p50 ${result.p50Ms.toFixed(1)} ms, p95 ${result.p95Ms.toFixed(1)} ms`)
  return [result]
}

/** @returns pairs: the rate of one process and that of two, measured in an order that changes. */
async function scaleOnce({ scenarios, scaleCount, tell }: Options, round: number): Promise<number[][]> {
  if (!scenarios.includes('scale')) return []
  const rates: number[] = []
  for (const processes of turned([1, 2], round - 1))
    rates[processes - 1] = await inArena((arena) => rateOf(arena, processes, scaleCount))
  tell(`scale: ${rates.map((rate) => rate.toFixed(0)).join(' → ')} mails/s`)
  return [rates]
}

async function fairnessOnce({ scenarios, fairnessCount, tell }: Options): Promise<readonly Fairness[]> {
  if (!scenarios.includes('fairness')) return []
  const results: Fairness[] = []
  for (const given of FAIRNESS_CASES) {
    const one = await fairnessOf(inArena, given, fairnessCount)
    results.push(one)
    const { smallSeconds, alone, beside } = one
    tell(
      `fairness, ${JSON.stringify(given)}: ${smallSeconds.toFixed(2)} s, ${alone.toFixed(1)} → ${beside.toFixed(1)} mails/s`,
    )
  }
  return results
}

async function historyOnce(options: Options): Promise<readonly History[]> {
  const { scenarios, historyCount: past, count, acceptSeconds, busyLot, tell } = options
  const ours = CONTESTANTS.find(({ name }) => name === 'ours')
  if (!scenarios.includes('history') || ours === undefined) return []
  const one = await history(inArena, ours, { past, count, acceptSeconds, busyLot })
  tell(`history: ${JSON.stringify(one)}`)
  return [one]
}

async function campaignOnce(options: Options): Promise<readonly Campaign[]> {
  const { scenarios, campaignCount, campaignSent, tell } = options
  if (!scenarios.includes('campaign')) return []
  const one = await inArena((arena) => campaign(arena, campaignCount, campaignSent))
  tell(`campaign: ${JSON.stringify(one)}`)
  return [one]
}

async function floodTwice(options: Options): Promise<Results['floods']> {
  const { scenarios, floodSeconds: seconds, floodPerSecond: perSecond, tell } = options
  const results: Results['floods'][number][] = []
  if (!scenarios.includes('flood')) return results
  for (const kill of [false, true]) {
    const result = { kill, ...(await webhookFlood({ seconds, perSecond, kill })) }
    results.push(result)
    tell(`flood${kill ? ' with a SIGKILL' : ''}: ${result.faults.join('; ') || 'nothing lost'}`)
  }
  return results
}

/** A new one each time: nobody meets what another one, or a run that was killed, left in the database. */
async function inArena<Value>(
  work: (arena: Arena) => Promise<Value>,
  { checkout = repositoryDir }: Pick<Contestant, 'checkout'> = {},
): Promise<Value> {
  const arena = await programOf(checkout)
    .then(openArena)
    .catch((error: unknown) => {
      throw new Error(`what surrounds it did not start: ${wordsOf(error)}`, { cause: error })
    })
  try {
    return await work(arena)
  } finally {
    await arena.stop()
  }
}

const programs = new Map<string, Promise<string>>()

function programOf(checkout: string): Promise<string> {
  const program = programs.get(checkout) ?? compiledWorker(checkout)
  programs.set(checkout, program)
  return program
}

async function noting<Value>(
  faults: string[],
  what: string,
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await work()
  } catch (error) {
    faults.push(`${what}: ${wordsOf(error)}`)
    return undefined
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function sayResult(result: Result): string {
  const { contestant, round, drain: drained, drainLate, crashes: some = [], fault } = result
  const lost = some.map(
    ({ share, duplicates, missing, uncertain }) => `${share}: ${duplicates}/${missing}/${uncertain}`,
  )
  const parts = [
    ...(drained === undefined ? [] : [sayDrain(drained)]),
    ...(drainLate === undefined ? [] : [`${drainLate.mailsPerSecond.toFixed(0)} mails/s over a long line`]),
    ...(lost.length === 0 ? [] : [`killed at ${lost.join(', ')} (duplicates/missing/uncertain)`]),
  ]
  return `round ${round}: ${contestant}: ${fault ?? parts.join('; ')}`
}

const sayDrain = ({ mailsPerSecond, cpuSecondsPerThousand, peakMiB, walBytes, statements }: Drain): string =>
  `${mailsPerSecond.toFixed(0)} mails/s, ${cpuSecondsPerThousand.toFixed(3)} CPU-s per 1,000, ${peakMiB.toFixed(0)} MiB, ` +
  `${walBytes.toFixed(0)} bytes of WAL and ${statements.toFixed(3)} statements a mail`
