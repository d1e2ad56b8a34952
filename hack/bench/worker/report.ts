/** The results as Markdown tables: medians over all rounds, and the spread where there is more than one. Pure. */
import type { Contestant } from './contestants.ts'
import type { Crash } from './scenarios/crash.ts'
import type { Drain } from './scenarios/drain.ts'
import { spreadOf } from '../operator/statistics.ts'

/** What one contestant came to in one round; a fault instead where it did not. */
export interface Result {
  readonly contestant: string
  readonly round: number
  readonly drain?: Drain
  readonly crashes?: readonly Crash[]
  readonly fault?: string
}

export interface Conditions {
  readonly count: number
  readonly crashCount: number
  readonly rounds: number
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
}

export function render(
  results: readonly Result[],
  contestants: readonly Pick<Contestant, 'name' | 'settings'>[],
  conditions: Conditions,
): string {
  const ceiling = medianRate(results, 'bare nodemailer')
  const faults = results.flatMap(({ contestant, round, fault }) =>
    fault === undefined ? [] : [`- ${contestant}, round ${round}: ${fault}`],
  )
  return [
    '# Worker benchmark',
    `${conditions.count} mails of 4 KB drained from a durable queue by one process, ${conditions.rounds} rounds in turn; ` +
      'median, least and most in brackets. The ratio is to nodemailer alone in the same run.',
    table([
      ['contestant', 'settings', 'mails/s', 'ratio', 'CPU-s per 1000 mails'],
      ...contestants.map(({ name, settings }) => [
        name,
        settings,
        spread(results, name, ({ drain }) => drain?.mailsPerSecond, 0),
        ratio(medianRate(results, name), ceiling),
        spread(results, name, ({ drain }) => drain?.cpuSecondsPerThousand, 2),
      ]),
    ]),
    ...crashes(results, conditions),
    ...(faults.length > 0 ? [`Did not come to its end:\n\n${faults.join('\n')}`] : []),
    [
      'Conditions:\n',
      `- ${conditions.machine}`,
      ...Object.entries(conditions.versions).map(([name, version]) => `- ${name} ${version}`),
    ].join('\n'),
  ]
    .join('\n\n')
    .concat('\n')
}

function crashes(results: readonly Result[], { crashCount }: Conditions): readonly string[] {
  const told = results.filter(({ crashes: some = [] }) => some.length > 0)
  if (told.length === 0) return []
  const sum = (name: string, value: (crash: Crash) => number) =>
    told
      .filter(({ contestant }) => contestant === name)
      .flatMap(({ crashes: some = [] }) => some)
      .reduce((total, crash) => total + value(crash), 0)
  return [
    `## A process that is killed\n\nSIGKILL at 20, 40, 60 and 80 % of ${crashCount} mails, a new process at once, 90 s of ` +
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

function ratesOf(results: readonly Result[], name: string): readonly number[] {
  return results.flatMap(({ contestant, drain }) =>
    contestant === name && drain ? [drain.mailsPerSecond] : [],
  )
}

function medianRate(results: readonly Result[], name: string): number | undefined {
  const rates = ratesOf(results, name)
  return rates.length === 0 ? undefined : spreadOf(rates).median
}

function ratio(rate: number | undefined, ceiling: number | undefined): string {
  return rate === undefined || ceiling === undefined ? '–' : (rate / ceiling).toFixed(2)
}

function spread(
  results: readonly Result[],
  name: string,
  value: (result: Result) => number | undefined,
  digits: number,
): string {
  const values = results.flatMap((result) => (result.contestant === name ? (value(result) ?? []) : []))
  if (values.length === 0) return '–'
  const { median, least, most } = spreadOf(values)
  const text = (number: number) => number.toFixed(digits)
  return values.length === 1 ? text(median) : `${text(median)} (${text(least)}–${text(most)})`
}

function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows
  return [header, header.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
