/** Results folded into the figures of a run, and which of its thresholds were missed. Pure. */
import type { Scenario } from './scenarios/scenario.ts'
import type { Result } from './wire.ts'

export interface Figures {
  /** Requests that were to be sent. */
  readonly wanted: number
  readonly sent: number
  /** Each kind → the status of its right answer, and how often each status came; 0 stands for no answer. */
  readonly kinds: Readonly<Record<string, Kind>>
  /** Why the first that was not answered was not. */
  readonly trouble: string | undefined
  readonly ms: Readonly<Record<'p50' | 'p95' | 'p99' | 'max', number>>
  /** By how much a request came too late for the pace, at most, in milliseconds. */
  readonly lateMs: number
}

interface Kind {
  readonly right: number
  readonly statuses: Readonly<Record<number, number>>
}

const P95_BELOW_MS = 500
/** Beyond this nothing is said about the pace that was asked for. */
export const LATE_WITHIN_MS = 1_000

/** @param wanted requests that were to be sent */
export async function figuresOf(
  results: AsyncIterable<Result> | Iterable<Result>,
  { rate, perSeconds, answers }: Scenario,
  wanted: number,
): Promise<Figures> {
  const statuses = new Map<string, Record<number, number>>(Object.keys(answers).map((kind) => [kind, {}]))
  const ms: number[] = []
  let trouble: string | undefined
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for await (const result of results) {
    const counts = statuses.get(result.kind)
    if (counts === undefined) throw new Error(`a request of no known kind: ${result.kind}`)
    counts[result.status] = (counts[result.status] ?? 0) + 1
    if (result.status === 0) trouble ??= result.error
    ms.push(result.ms)
    // None comes early: the least is what a request on time has.
    const sinceDue = result.at - (result.seq * perSeconds * 1_000) / rate
    least = Math.min(least, sinceDue)
    greatest = Math.max(greatest, sinceDue)
  }
  const kinds = Object.entries(answers).map(([kind, right]) => {
    return [kind, { right, statuses: statuses.get(kind) ?? {} }] as const
  })
  const lateMs = ms.length === 0 ? 0 : greatest - least
  return { wanted, sent: ms.length, kinds: Object.fromEntries(kinds), trouble, ms: percentiles(ms), lateMs }
}

function percentiles(ms: readonly number[]): Figures['ms'] {
  const sorted = Float64Array.from(ms).sort()
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}

/** @returns how many were answered as they should be. */
export const answeredRightly = ({ kinds }: Figures): number => sum(Object.values(kinds).map(rightly))

/** @returns how many were taken, and were to be. */
export const taken = ({ kinds }: Figures): number =>
  sum(Object.values(kinds).map((kind) => (kind.right < 300 ? rightly(kind) : 0)))

/** @returns each threshold that was missed, in words. */
export function missedThresholds({ wanted, sent, kinds, trouble, ms, lateMs }: Figures): string[] {
  const unanswered = sum(Object.values(kinds).map(({ statuses }) => statuses[0] ?? 0))
  const missed: readonly (readonly [boolean, string])[] = [
    [ms.p95 >= P95_BELOW_MS, `p95 < ${P95_BELOW_MS} ms: ${ms.p95.toFixed(1)} ms`],
    [unanswered > 0, `unanswered: ${unanswered} instead of 0 (${trouble ?? ''})`],
    [sent !== wanted, `sent: ${sent} instead of ${wanted}`],
    [lateMs >= LATE_WITHIN_MS, `behind the pace < ${LATE_WITHIN_MS} ms: ${lateMs.toFixed(0)} ms`],
    ...Object.entries(kinds).map(([name, kind]) => [!isRight(kind), answersIn(name, kind)] as const),
  ]
  return missed.flatMap(([isMissed, words]) => (isMissed ? [words] : []))
}

function answersIn(name: string, kind: Kind): string {
  const each = Object.entries(kind.statuses).map(([status, count]) => `${count} × ${status}`)
  return `${name} answered ${kind.right}: ${rightly(kind)} instead of ${countOf(kind)} (${each.join(', ')})`
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const rightly = ({ right, statuses }: Kind): number => statuses[right] ?? 0
const countOf = ({ statuses }: Kind): number => sum(Object.values(statuses))
const isRight = (kind: Kind): boolean => rightly(kind) === countOf(kind)
