/** The results as Markdown tables: medians over all rounds, and the spread where there is more than one. Pure. */
import type { Contestant } from './contestants.ts'
import type { Conditions, Result, Results } from './results.ts'
import type { Crash } from './scenarios/crash.ts'
import type { Drain } from './scenarios/drain.ts'
import { spreadOf } from '../operator/statistics.ts'
import { renderOurs } from './reportOurs.ts'
import { faultsIn } from './results.ts'
import { LONG_LINE } from './scenarios/drain.ts'
import { spread, table } from './table.ts'

type Named = Pick<Contestant, 'name' | 'settings'>

export function render(results: Results, contestants: readonly Named[], conditions: Conditions): string {
  const faults = faultsIn(results)
  return [
    '## Worker',
    ...drainSection(results.contestants, contestants, conditions),
    ...lateSection(results.contestants, contestants, conditions),
    ...crashSection(results.contestants, conditions),
    ...renderOurs(results, conditions),
    ...(faults.length > 0
      ? [`Did not come to its end:\n\n${faults.map((one) => `- ${one}`).join('\n')}`]
      : []),
    [
      '### Conditions of the worker’s runs\n',
      `- ${conditions.machine}`,
      `- ${Object.entries(conditions.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
      `- again with \`${conditions.command}\``,
    ].join('\n'),
  ]
    .join('\n\n')
    .concat('\n')
}

type Drained = 'drain' | 'drainLate'

const BARE = 'bare nodemailer'

function drainSection(
  results: readonly Result[],
  contestants: readonly Named[],
  { count, rounds }: Conditions,
): readonly string[] {
  if (!results.some(({ drain }) => drain !== undefined)) return []
  return [
    `### A full queue\n\n${count} mails of 4 KB drained from a durable queue by one process, ${rounds} rounds in turn; ` +
      'median, least and most in brackets. The ratio is to nodemailer alone in the same run. The wait of a mail is that ' +
      'from the start, ours from its POST, the others from the start of their process on a queue that is full, until ' +
      'the SMTP server has it. Memory is the peak of the process; what PostgreSQL is asked and writes is told for each ' +
      'mail, from an empty queue to the end.',
    drainTable(results, contestants, 'drain', [
      ['wait p50 ms', ({ toAcceptMs }) => toAcceptMs.p50, 0],
      ['wait p99 ms', ({ toAcceptMs }) => toAcceptMs.p99, 0],
      ['MiB', ({ peakMiB }) => peakMiB, 0],
      ['WAL bytes a mail', ({ walBytes }) => walBytes, 0],
      ['statements a mail', ({ statements }) => statements, 2],
    ]),
  ]
}

function lateSection(
  results: readonly Result[],
  contestants: readonly Named[],
  { lateCount }: Conditions,
): readonly string[] {
  if (!results.some(({ drainLate }) => drainLate !== undefined)) return []
  const { delayMs, connections } = LONG_LINE
  return [
    `### Over a long line\n\n${lateCount} mails, every reply of the SMTP server ${delayMs} ms late, ${connections} connections ` +
      'for everybody.',
    drainTable(results, contestants, 'drainLate', []),
  ]
}

type Column = readonly [heading: string, of: (drain: Drain) => number, digits: number]

function drainTable(
  results: readonly Result[],
  contestants: readonly Named[],
  which: Drained,
  more: readonly Column[],
): string {
  const columns: readonly Column[] = [
    ['CPU-s per 1000 mails', ({ cpuSecondsPerThousand }) => cpuSecondsPerThousand, 3],
    ...more,
  ]
  const of = (name: string, value: Column[1], digits: number) =>
    spread(
      results.flatMap((one) => (one.contestant === name && one[which] ? [value(one[which])] : [])),
      digits,
    )
  return table([
    ['contestant', 'settings', 'mails/s', 'ratio', ...columns.map(([heading]) => heading)],
    ...contestants.map(({ name, settings }) => [
      name,
      settings,
      of(name, ({ mailsPerSecond }) => mailsPerSecond, 0),
      ratio(medianRate(results, name, which), medianRate(results, BARE, which)),
      ...columns.map(([, value, digits]) => of(name, value, digits)),
    ]),
  ])
}

function crashSection(results: readonly Result[], { crashCount }: Conditions): readonly string[] {
  const told = results.filter(({ crashes: some = [] }) => some.length > 0)
  if (told.length === 0) return []
  const sum = (name: string, value: (crash: Crash) => number) =>
    told
      .filter(({ contestant }) => contestant === name)
      .flatMap(({ crashes: some = [] }) => some)
      .reduce((total, crash) => total + value(crash), 0)
  return [
    `### A process that is killed\n\nSIGKILL at 20, 40, 60 and 80 % of ${crashCount} mails, a new process at once, 90 s of ` +
      'patience; sums over all of them. A mail sent twice in silence is a duplicate; one that never came and of which ' +
      'nothing says so is missing.',
    table([
      ['contestant', 'duplicates', 'missing', 'said to be uncertain'],
      ...[...new Set(told.map(({ contestant }) => contestant))].map((name) => [
        name,
        String(sum(name, ({ duplicates }) => duplicates)),
        String(sum(name, ({ missing }) => missing)),
        String(sum(name, ({ uncertain }) => uncertain)),
      ]),
    ]),
  ]
}

function medianRate(results: readonly Result[], name: string, which: Drained): number | undefined {
  const rates = results.flatMap((one) =>
    one.contestant === name && one[which] ? [one[which].mailsPerSecond] : [],
  )
  return rates.length === 0 ? undefined : spreadOf(rates).median
}

function ratio(rate: number | undefined, bare: number | undefined): string {
  return rate === undefined || bare === undefined ? '–' : (rate / bare).toFixed(2)
}
