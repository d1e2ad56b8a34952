/** The results as a Markdown table: the median over all rounds, and the spread where there is more than one. Pure. */
import type { Run } from './benchmark.ts'
import { spreadOf } from './statistics.ts'

export interface Conditions {
  readonly count: number
  readonly rounds: number
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly absent: readonly string[]
}

interface Column {
  readonly title: string
  readonly value: (run: Run) => number | undefined
  readonly digits?: number
}

const COLUMNS: readonly Column[] = [
  { title: 'objects/s', value: ({ burst }) => burst?.objectsPerSecond },
  { title: 'ready p50 ms', value: ({ burst }) => burst?.readyMs.p50 },
  { title: 'ready p99 ms', value: ({ burst }) => burst?.readyMs.p99 },
  { title: 'requests in burst', value: ({ burst }) => burst?.requests.total },
  { title: 'CPU-s in burst', value: ({ burst }) => burst?.cpuSeconds, digits: 2 },
  { title: 'peak MiB', value: ({ burst }) => burst?.mostResidentMiB },
  { title: 'cold start s', value: ({ coldStart }) => coldStart?.quietAfterSeconds, digits: 2 },
  { title: 'cold requests', value: ({ coldStart }) => coldStart?.requests.total },
  { title: 'cold writes', value: ({ coldStart }) => coldStart?.requests.writes },
  { title: 'cold peak MiB', value: ({ coldStart }) => coldStart?.mostResidentMiB },
  { title: 'heal delete p50 ms', value: ({ heal }) => heal?.deleted.p50Ms, digits: 1 },
  { title: 'heal delete p99 ms', value: ({ heal }) => heal?.deleted.p99Ms, digits: 1 },
  { title: 'heal edit p50 ms', value: ({ heal }) => heal?.edited.p50Ms, digits: 1 },
  { title: 'heal edit p99 ms', value: ({ heal }) => heal?.edited.p99Ms, digits: 1 },
  { title: 'heal 5 % s', value: ({ heal }) => heal?.massDelete.seconds, digits: 2 },
]

export function render(runs: readonly Run[], conditions: Conditions): string {
  const names = [...new Set(runs.map(({ contestant }) => contestant))].sort()
  const settings = new Map(runs.map((run) => [run.contestant, run.settings]))
  const header = ['contestant', 'settings', ...COLUMNS.map(({ title }) => title)]
  const rows = names.map((name) => {
    const own = runs.filter(({ contestant }) => contestant === name)
    return [name, settings.get(name) ?? '', ...COLUMNS.map((column) => cell(column, own))]
  })
  const faults = runs.flatMap(({ contestant, round, fault }) =>
    fault === undefined ? [] : [`${contestant}, round ${round}: ${fault.replaceAll(/\s+/g, ' ')}`],
  )
  return [
    `# Operator benchmark: ${conditions.count} objects with 5 children each`,
    `${conditions.rounds} rounds; median, least and most in brackets; – was not reached.`,
    table([header, header.map(() => '---'), ...rows]),
    list('Did not come to its end', faults),
    list('Does not take part', conditions.absent),
    list('Conditions', [
      conditions.machine,
      ...Object.entries(conditions.versions).map(([name, version]) => `${name} ${version}`),
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

function cell({ value, digits = 0 }: Column, runs: readonly Run[]): string {
  const values = runs.flatMap((run) => value(run) ?? [])
  if (values.length === 0) return '–'
  const { median, least, most } = spreadOf(values)
  const text = (number: number) => number.toFixed(digits)
  return values.length === 1 ? text(median) : `${text(median)} (${text(least)}–${text(most)})`
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n\n${lines.map((line) => `- ${line}`).join('\n')}`
}
