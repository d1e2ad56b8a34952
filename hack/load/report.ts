/** The figures of a run in words. Pure. */
import type { Summary } from './k6.ts'
import type { Resources } from './resources.ts'

export interface Run {
  readonly scenario: string
  readonly seconds: number
  readonly summary: Summary
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
  const { summary, outcome } = run
  const value = (metric: string, name: string) => summary.metrics[metric]?.values[name] ?? 0
  const ms = (name: string) =>
    `${name.replace(/[()]/g, '')} ${value('http_req_duration', name).toFixed(1)} ms`
  const requests = value('http_reqs', 'count')
  const missed = [...missedThresholds(summary), ...missedOutcomes(outcome)]
  const lines = [
    `${run.scenario}: ${requests} requests in ${run.seconds} s (${(requests / run.seconds).toFixed(1)}/s), ` +
      `${value('checks', 'fails')} not answered as they should be`,
    `  latency     ${['p(50)', 'p(95)', 'p(99)', 'max'].map(ms).join(', ')}`,
    ...Object.entries(outcome).map(([what, { is, wanted }]) => `  ${what.padEnd(11)} ${is} of ${wanted}`),
    ...run.workers.map((worker) => `  ${worker.name}: ${resourcesIn(worker)}`),
    missed.length === 0 ? '  every threshold was kept' : `  MISSED: ${missed.join('; ')}`,
  ]
  return { lines, missed }
}

function missedThresholds({ metrics }: Summary): string[] {
  return Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).flatMap(([words, { ok }]) => (ok ? [] : [`${metric} ${words}`])),
  )
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
