/** Figures behind the conditions and checks, as rows of text: whatever the status holds, in its own words. Pure. */
import { isRecord } from '../../src/runtime/fieldValues.ts'

export interface Figure {
  /** `backup.last.completedAt`. */
  readonly path: string
  readonly value: string
}

/** What is for the operator's own memory, and long. */
const MEMORY: readonly string[] = ['tables']

export function figuresOf(evidence: object | undefined): readonly Figure[] {
  const shown = Object.entries(evidence ?? {}).filter(([name]) => !MEMORY.includes(name))
  return below(Object.fromEntries(shown), '')
}

function below(value: unknown, path: string): readonly Figure[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value))
    return value.every((item) => !isRecord(item))
      ? [{ path, value: value.join(', ') }]
      : value.flatMap((item: unknown, index) => below(item, `${path}[${nameOf(item) ?? String(index)}]`))
  if (!isRecord(value)) return [{ path, value: textOf(path, value) }]
  return Object.entries(value)
    .filter(([name]) => !(path.endsWith(']') && KEYS.includes(name)))
    .flatMap(([name, field]) => below(field, path === '' ? name : `${path}.${name}`))
}

/** What names an item of a list. */
const KEYS: readonly string[] = ['name', 'what', 'job', 'object', 'id']

function nameOf(item: unknown): string | undefined {
  if (!isRecord(item)) return undefined
  return KEYS.map((key) => item[key]).find((name) => typeof name === 'string')
}

function textOf(path: string, value: unknown): string {
  if (typeof value !== 'number') return String(value)
  return /bytes/i.test(path) ? bytesText(value) : value.toLocaleString('en-US')
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const amount = bytes / 1024 ** power
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power] ?? 'B'}`
}
