/** What the spec says of ClickHouse, with its defaults. */
import type { Sender } from '../snapshot.ts'

/** How the operator reaches ClickHouse: the address, and the Secret with its credentials, if any. */
export interface ClickhouseAccess {
  readonly url: string
  readonly secret?: string
}

export interface ArchiveWish {
  readonly access: ClickhouseAccess
  readonly database: string
  readonly afterDays: number
  readonly disk: string
  readonly storagePolicy?: string
}

/** `undefined` when no archive is asked for. */
export function archiveWish(sender: Sender): ArchiveWish | undefined {
  const { clickhouse } = sender.spec
  const access = clickhouseAccess(sender)
  if (!access || !clickhouse?.archive) return undefined
  const { afterDays = 90, disk = 's3', storagePolicy } = clickhouse.archive
  const database = clickhouse.database ?? 'batchsender'
  return { access, database, afterDays, disk, ...(storagePolicy !== undefined && { storagePolicy }) }
}

export function clickhouseAccess({ spec }: Pick<Sender, 'spec'>): ClickhouseAccess | undefined {
  const external = spec.clickhouse?.external
  if (!external) return undefined
  const secret = external.credentialsSecretRef?.name
  return { url: external.url, ...(secret !== undefined && { secret }) }
}
