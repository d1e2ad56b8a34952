/** The worker's log: JSON lines, with ids to follow a request or a batch, without addresses and secrets. */
import type { Logger } from 'pino'
import { pino } from 'pino'

export type { Logger } from 'pino'

const REDACTED = [
  'req.headers.authorization',
  'authorization',
  'password',
  '*.password',
  'url',
  '*.url',
  'address',
  '*.address',
]

export function openLog(level: string, worker: string): Logger {
  return pino({
    level,
    base: { worker },
    redact: { paths: REDACTED, censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  })
}
