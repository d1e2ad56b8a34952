/** The figures of a run in words. Pure. */
import type { Figures } from './figures.ts'
import type { Resources } from './resources.ts'
import { answeredRightly, missedThresholds } from './figures.ts'

export interface Run {
  readonly scenario: string
  readonly seconds: number
  readonly figures: Figures
  /** Each process before and after. */
  readonly workers: readonly {
    readonly name: string
    readonly before: Resources
    readonly after: Resources
  }[]
  /** What became of it beyond the answers: what was counted → what it should have been. */
  readonly outcome: Readonly<Record<string, { readonly is: number; readonly wanted: number }>>
}

/** @returns the lines to print and what was missed. */
export function report(run: Run): { readonly lines: readonly string[]; readonly missed: readonly string[] } {
  const { figures, outcome } = run
  const { sent } = figures
  const ms = Object.entries(figures.ms).map(([name, value]) => `${name} ${value.toFixed(1)} ms`)
  const missed = [...missedThresholds(figures), ...missedOutcomes(outcome)]
  const lines = [
    `${run.scenario}: ${sent} requests in ${run.seconds} s (${(sent / run.seconds).toFixed(1)}/s), ` +
      `${sent - answeredRightly(figures)} not answered as they should be`,
    `  latency     ${ms.join(', ')}`,
    ...Object.entries(outcome).map(([what, { is, wanted }]) => `  ${what.padEnd(11)} ${is} of ${wanted}`),
    ...run.workers.map((worker) => `  ${worker.name}: ${resourcesIn(worker)}`),
    missed.length === 0 ? '  every threshold was kept' : `  MISSED: ${missed.join('; ')}`,
  ]
  return { lines, missed }
}

function missedOutcomes(outcome: Run['outcome']): string[] {
  return Object.entries(outcome).flatMap(([what, { is, wanted }]) =>
    is === wanted ? [] : [`${what}: ${is} instead of ${wanted}`],
  )
}

function resourcesIn({ before, after }: Run['workers'][number]): string {
  const mebibytes = ({ memoryBytes }: Resources) => (memoryBytes / 2 ** 20).toFixed(0)
  return [
    `${(after.cpuSeconds - before.cpuSeconds).toFixed(1)} CPU-s`,
    `memory ${mebibytes(before)} → ${mebibytes(after)} MiB`,
    ...Object.entries(after.pool).map(([name, value]) => `${name} ${before.pool[name] ?? 0} → ${value}`),
  ].join(', ')
}
