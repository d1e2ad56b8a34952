/** A line of a log, readable: JSON is put into words, anything else stays as it is. Pure. */
import { isRecord } from '../../src/runtime/fieldValues.ts'
import { plain } from '../text/wrap.ts'

export interface Line {
  /** As the kubelet took it down, RFC 3339. */
  readonly at: string
  readonly text: string
}

/** The kubelet puts the instant in front when it is asked to. */
export function lineOf(raw: string): Line {
  const [, at = '', text = raw] = /^(\d{4}-\d\d-\d\dT\S+Z) ?(.*)$/s.exec(raw) ?? []
  return { at, text }
}

const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
/** Of pino and of NATS and others, told in front or of no use. */
const IN_FRONT: readonly string[] = [
  'level',
  'time',
  'ts',
  'timestamp',
  'msg',
  'message',
  'pid',
  'hostname',
  'v',
]

/** `12:00:00.123 ERROR the mail was refused batch=… recipient=…` */
export function readable({ at, text }: Line): string {
  const entry = parsed(text)
  if (!entry) return plain(`${clockOf(at)} ${text}`.trim())
  const when = instantIn(entry) ?? at
  const told = entry['msg'] ?? entry['message']
  const message = typeof told === 'string' ? told : JSON.stringify(told ?? '')
  const rest = Object.entries(entry)
    .filter(([name]) => !IN_FRONT.includes(name))
    .map(([name, value]) => `${name}=${valueText(value)}`)
  return plain(
    [clockOf(when), levelOf(entry['level']).toUpperCase().padEnd(5), message, ...rest].join(' ').trim(),
  )
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function levelOf(level: unknown): string {
  if (typeof level === 'number') return LEVELS[level] ?? String(level)
  return typeof level === 'string' ? level : ''
}

function instantIn(entry: Readonly<Record<string, unknown>>): string | undefined {
  const value = entry['time'] ?? entry['ts'] ?? entry['timestamp']
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

const clockOf = (instant: string): string => instant.slice(11, 23).replace(/Z$/, '')

function valueText(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) || value === '' ? JSON.stringify(value) : value
  return JSON.stringify(value)
}
