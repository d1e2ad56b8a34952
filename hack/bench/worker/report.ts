/** The results as Markdown tables: medians over all rounds, and the spread where there is more than one. Pure. */
import type { Contestant } from './contestants.ts'
import type { Conditions, Result, Results } from './results.ts'
import type { Crash } from './scenarios/crash.ts'
import { spreadOf } from '../operator/statistics.ts'
import { renderOurs } from './reportOurs.ts'
import { faultsIn } from './results.ts'
import { spread, table } from './table.ts'

type Named = Pick<Contestant, 'name' | 'settings'>

export function render(results: Results, contestants: readonly Named[], conditions: Conditions): string {
  const faults = faultsIn(results)
  return [
    '## Worker',
    ...drainSection(results.contestants, contestants, conditions),
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

function drainSection(
  results: readonly Result[],
  contestants: readonly Named[],
  { count, rounds }: Conditions,
): readonly string[] {
  if (!results.some(({ drain }) => drain !== undefined)) return []
  const ceiling = medianRate(results, 'bare nodemailer')
  return [
    `### A full queue\n\n${count} mails of 4 KB drained from a durable queue by one process, ${rounds} rounds in turn; ` +
      'median, least and most in brackets. The ratio is to nodemailer alone in the same run. The wait of a mail is that ' +
      'from the start, ours from its POST, the others from the start of their process on a queue that is full, until ' +
      'the SMTP server has it.',
    table([
      ['contestant', 'settings', 'mails/s', 'ratio', 'CPU-s per 1000 mails', 'wait p50 ms', 'wait p99 ms'],
      ...contestants.map(({ name, settings }) => {
        const of = (value: (drain: NonNullable<Result['drain']>) => number, digits: number) =>
          spread(
            results.flatMap(({ contestant, drain }) => (contestant === name && drain ? [value(drain)] : [])),
            digits,
          )
        return [
          name,
          settings,
          of(({ mailsPerSecond }) => mailsPerSecond, 0),
          ratio(medianRate(results, name), ceiling),
          of(({ cpuSecondsPerThousand }) => cpuSecondsPerThousand, 2),
          of(({ toAcceptMs }) => toAcceptMs.p50, 0),
          of(({ toAcceptMs }) => toAcceptMs.p99, 0),
        ]
      }),
    ]),
  ]
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

function medianRate(results: readonly Result[], name: string): number | undefined {
  const rates = results.flatMap(({ contestant, drain }) =>
    contestant === name && drain ? [drain.mailsPerSecond] : [],
  )
  return rates.length === 0 ? undefined : spreadOf(rates).median
}

function ratio(rate: number | undefined, ceiling: number | undefined): string {
  return rate === undefined || ceiling === undefined ? '–' : (rate / ceiling).toFixed(2)
}
