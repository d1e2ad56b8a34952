/** Who logs in where with what a Secret holds, and what is told of one that is turned away. Pure. */
import type { ConditionType } from '../../../../crds/schema/conditions.ts'
import type { ClickhouseAccess } from './clickhouse.ts'
import type { Sender, Snapshot } from '../snapshot.ts'
import type { Bucket } from '../backup/wish.ts'
import { firstSentence } from '../../vocabulary/sentence.ts'
import { backupWish } from '../backup/wish.ts'
import { archiveWish, clickhouseAccess } from './clickhouse.ts'
import { isStale } from './evidence.ts'

declare module '../snapshot.ts' {
  interface Evidence {
    readonly logins?: Sighting<LoginsSeen>
  }
}

export type ClickhouseRole = 'worker' | 'operator' | 'backup' | 'checksum' | 'verify'
export type LoginRole = ClickhouseRole | 'retention'

export interface WantedLogins {
  readonly clickhouse?: {
    readonly access: ClickhouseAccess
    readonly database: string
    readonly roles: readonly ClickhouseRole[]
  }
  /** Of whoever removes old backups. */
  readonly bucket?: Bucket
}

/** Credentials that a server did not accept. */
export interface RefusedLogin {
  readonly server: 'ClickHouse' | 'S3'
  /** Everybody who uses them. */
  readonly roles: readonly LoginRole[]
  readonly secret: string
  readonly keys: readonly string[]
  /** What the server said, one bounded line. */
  readonly words: string
}

export interface LoginsSeen {
  readonly refused: readonly RefusedLogin[]
  /** Whose server said neither: it is away, or not what it should be. */
  readonly unanswered: readonly LoginRole[]
  /** Of the user of the workers; absent when ClickHouse does not tell. */
  readonly auditRights?: AuditRights
}

export interface AuditRights {
  /** What it may do to the audit log beside adding to it, as ClickHouse names it; sorted, the first few. */
  readonly changes: readonly string[]
  /** It has roles, whose rights are not among them. */
  readonly byRole: boolean
}

/** `undefined` where no Secret is named. */
export function wantedLogins(sender: Sender): WantedLogins | undefined {
  const bucket = backupWish(sender)?.retention?.bucket
  const clickhouse = wantedOfClickhouse(sender)
  if (!clickhouse && !bucket) return undefined
  return { ...(clickhouse && { clickhouse }), ...(bucket && { bucket }) }
}

function wantedOfClickhouse(sender: Sender): WantedLogins['clickhouse'] {
  const access = clickhouseAccess(sender)
  if (access?.secret === undefined) return undefined
  return {
    access,
    database: sender.spec.clickhouse?.database ?? 'batchsender',
    roles: clickhouseRoles(sender),
  }
}

function clickhouseRoles(sender: Sender): readonly ClickhouseRole[] {
  if (backupWish(sender)) return ['worker', 'operator', 'backup', 'checksum', 'verify']
  return archiveWish(sender) ? ['worker', 'operator'] : ['worker']
}

/**
 * What a condition tells of credentials that are refused to those roles. While nobody has looked, or the server is away,
 * what was told before stands.
 */
export function refusedLogin(
  snapshot: Snapshot,
  type: ConditionType,
  roles: readonly LoginRole[],
): string | undefined {
  const sighting = snapshot.evidence.logins
  if (!wantedLogins(snapshot.sender)) return undefined
  if (!sighting || isStale(sighting, snapshot)) return toldBefore(snapshot.sender, type)
  const { refused, unanswered } = sighting.seen
  const [first] = refused.flatMap((login) => messageFor(login, roles) ?? [])
  if (first !== undefined) return first
  return unanswered.some((role) => roles.includes(role)) ? toldBefore(snapshot.sender, type) : undefined
}

const BEGINS = /^(ClickHouse|S3) refuses the credentials /

function messageFor(login: RefusedLogin, asked: readonly LoginRole[]): string | undefined {
  const roles = login.roles.filter((role) => asked.includes(role))
  if (roles.length === 0) return undefined
  const who = `${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`
  return `${login.server} refuses the credentials of Secret ${login.secret} (${login.keys.join(', ')}; ${who}): ${firstSentence(login.words)}`
}

function toldBefore({ status, generation }: Sender, type: ConditionType): string | undefined {
  const last = status.conditions?.find((one) => one.type === type)
  if (last?.reason !== 'CredentialsRefused' || last.observedGeneration !== generation) return undefined
  return BEGINS.test(last.message) ? last.message : undefined
}
