/** Figures as Markdown. Pure. */
import { spreadOf } from '../operator/statistics.ts'

export function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows
  return [header, header.map(() => '---'), ...body].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** The median, and least and most where there is more than one. */
export function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–'
  const { median, least, most } = spreadOf(values)
  const text = (number: number) => number.toFixed(digits)
  return values.length === 1 ? text(median) : `${text(median)} (${text(least)}–${text(most)})`
}
