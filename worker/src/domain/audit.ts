/** What is written down of those who change something, or try to without being allowed. */

export const AUDIT_ACTIONS = [
  'batch.created',
  'batch.opened',
  'batch.recipients-added',
  'batch.started',
  'batch.paused',
  'batch.resumed',
  'batch.cancelled',
  'batch.retried',
  'batch.uncertain-resolved',
  'dead-letter.replayed',
  'suppression.added',
  'suppression.lifted',
  /** Without a valid token, with one that is for other things, or with a forged signature. */
  'access.refused',
] as const

export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export interface AuditEntry {
  readonly action: AuditAction
  /** Whose token it was; empty where there was none. */
  readonly userId: string
  /** What it was about, as the path that reads it. */
  readonly resource: string
  readonly metadata: Readonly<Record<string, string | number>>
  readonly ip: string
  readonly userAgent: string
}
