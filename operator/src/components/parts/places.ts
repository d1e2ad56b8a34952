/** Where a BatchSender keeps what it should have for itself. Pure. */
import type { Place } from '../../vocabulary/places.ts'
import type { ReferenceFacts, Sender } from '../snapshot.ts'
import { serversOf } from '../../vocabulary/places.ts'
import { backupWish } from '../backup/wish.ts'
import { clickhouseAccess } from './clickhouse.ts'

/** The address of PostgreSQL stands in a Secret: of it there is a fingerprint. */
export function placesOf(
  sender: Sender,
  references: ReadonlyMap<string, ReferenceFacts>,
  clusterDomain: string,
): readonly Place[] {
  if (sender.specFaults.length > 0) return []
  const postgres = references.get(sender.spec.postgres.credentialsSecretRef.name)
  const databases = postgres?.found === true ? (postgres.databases ?? []) : []
  return [
    ...databases.map((at): Place => ({ what: 'postgres', at })),
    ...clickhousePlaces(sender, clusterDomain),
    ...bucketPlaces(sender, clusterDomain),
  ]
}

function clickhousePlaces(sender: Sender, clusterDomain: string): readonly Place[] {
  const access = clickhouseAccess(sender)
  if (!access) return []
  const database = sender.spec.clickhouse?.database ?? 'batchsender'
  const backups = backupWish(sender)
  return serversOf(access.url, sender.namespace, clusterDomain).flatMap((server): Place[] => [
    { what: 'clickhouse', at: `${server}/${database}` },
    // The server knows where a collection of that name leads.
    ...(backups ? [{ what: 'backup', at: `${server} ${backups.collection}` } as const] : []),
  ])
}

function bucketPlaces({ spec, namespace }: Sender, clusterDomain: string): readonly Place[] {
  const bucket = spec.clickhouse?.backup?.destination.s3
  if (!bucket) return []
  const path = (bucket.prefix ?? '').replace(/^\/+|\/+$/g, '')
  return serversOf(bucket.endpoint, namespace, clusterDomain).map((server) => ({
    what: 'backup',
    at: `s3 ${server}/${bucket.bucket}`,
    path,
  }))
}
