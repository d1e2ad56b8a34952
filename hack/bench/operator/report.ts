/** The results as Markdown tables: the median over all rounds, and the spread where there is more than one. Pure. */
import type { Run } from './benchmark.ts'
import { TABLES, type Column, type Table } from './columns.ts'
import { spreadOf } from './statistics.ts'

export interface Conditions {
  readonly count: number
  readonly rounds: number
  /** Of the durations. */
  readonly pace: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  /** Who does not take part, and why. */
  readonly absent: readonly string[]
  /** What repeats it. */
  readonly command: string
}

const OURS = 'ours'
const FAULT_CHARACTERS = 120

export function render(runs: readonly Run[], conditions: Conditions): string {
  const settings = [...new Map(runs.map((run) => [run.contestant, run.settings]))].sort()
  const faults = runs.flatMap(({ contestant, round, fault }) =>
    fault === undefined ? [] : [`${contestant}, round ${round}: ${short(fault)}`],
  )
  return [
    `## Operator: ${conditions.count} objects with 5 children each`,
    `Burst, cold start and heal: ${conditions.rounds} rounds; median, least and most in brackets. The rest: one round, ` +
      `${conditions.pace} durations. In italics the ratio to ours; – was not reached, ∞ did not come to its end in time.`,
    ...TABLES.flatMap((table) => shown(table, runs)),
    list(
      'Settings',
      settings.map(([name, text]) => `${name}: ${text}`),
    ),
    list('Did not come to its end', faults),
    list('Does not take part', conditions.absent),
    list('Conditions', [
      conditions.machine,
      ...Object.entries(conditions.versions).map(([name, version]) => `${name} ${version}`),
    ]),
    `To repeat it:\n\n\`\`\`sh\n${conditions.command}\n\`\`\``,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

function shown({ scenario, title, note, columns }: Table, runs: readonly Run[]): readonly string[] {
  if (!runs.some((run) => run[scenario] !== undefined)) return []
  // Who was spared a scenario has no row; who failed before or in it has one.
  const reached = runs.filter((run) => run[scenario] !== undefined || run.fault !== undefined)
  const names = [...new Set(reached.map(({ contestant }) => contestant))].sort()
  const of = (name: string) => runs.filter(({ contestant }) => contestant === name)
  const rows = names.map((name) => [name, ...columns.map((column) => cell(column, of(name), of(OURS)))])
  const header = ['contestant', ...columns.map((column) => column.title)]
  return [
    `### ${title}`,
    ...(note === undefined ? [] : [note]),
    [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n'),
  ]
}

function cell(column: Column, runs: readonly Run[], ours: readonly Run[]): string {
  const values = runs.flatMap((run) => column.value(run) ?? [])
  if (values.length === 0) return runs.some((run) => column.value(run) === null) ? '∞' : '–'
  const { median, least, most } = spreadOf(values)
  const text = (number: number) => number.toFixed(column.digits ?? 0)
  const spread = values.length === 1 ? text(median) : `${text(median)} (${text(least)}–${text(most)})`
  return `${spread}${column.compared === true && runs !== ours ? ratio(median, column, ours) : ''}`
}

function ratio(median: number, column: Column, ours: readonly Run[]): string {
  const base = spreadOf(ours.flatMap((run) => column.value(run) ?? [])).median
  const isOurs = median === base
  return Number.isFinite(base) && base > 0 && !isOurs ? ` _×${(median / base).toFixed(2)}_` : ''
}

/** The JSON beside it has the whole, with what the program wrote. */
function short(fault: string): string {
  const line = fault.replaceAll(/\s+/g, ' ')
  return line.length > FAULT_CHARACTERS ? `${line.slice(0, FAULT_CHARACTERS)}…` : line
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}:\n\n${lines.map((line) => `- ${line}`).join('\n')}`
}
