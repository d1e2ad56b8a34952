/** Proves that who did what is written down where nobody who is written about can change it: by what waits, and by grants. */
import type { Check, Proof } from './check.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { WorkerReached } from '../components/worker/seen.ts'
import { clickhouseAccess } from '../components/parts/clickhouse.ts'
import { isStale } from '../components/parts/evidence.ts'
import { askedWorkers } from './askedWorkers.ts'
import { lastProof } from './lastProof.ts'

export const auditLog: Check = {
  name: 'audit-log',

  prove(snapshot): Proof {
    const access = clickhouseAccess(snapshot.sender)
    if (!access)
      return {
        state: 'NotConfigured',
        message: 'spec.clickhouse is not set: entries stay in PostgreSQL, for 90 days',
      }
    if (access.secret === undefined)
      return {
        state: 'Unknown',
        message:
          'without spec.clickhouse.external.credentialsSecretRef it is not known who writes the audit log',
      }
    const granted = grants(snapshot)
    const handed = askedWorkers(snapshot, this.name, 'no worker tells whether entries wait', handedOver)
    const both = [granted, handed]
    const worst =
      both.find(({ state }) => state === 'Failing') ?? both.find(({ state }) => state !== 'Proven')
    return worst ?? handed
  },
}

const PROVEN = 'entries reach ClickHouse, where the user of the workers may add to them and do nothing else'

function handedOver({ audit }: WorkerReached): Proof {
  if (!audit)
    return { state: 'Unknown', message: 'the worker does not tell whether entries wait for ClickHouse' }
  return audit.since === undefined
    ? { state: 'Proven', message: PROVEN }
    : {
        state: 'Failing',
        message: `entries of the audit log have waited for ClickHouse since ${audit.since}`,
      }
}

function grants(snapshot: Snapshot): Proof {
  const sighting = snapshot.evidence.logins
  if (!sighting)
    return (
      lastProof(snapshot.sender, 'audit-log') ?? {
        state: 'Unknown',
        message: 'ClickHouse was not asked yet what the user of the workers may do',
      }
    )
  const { auditRights: rights } = sighting.seen
  if (!rights || isStale(sighting, snapshot))
    return { state: 'Unknown', message: 'ClickHouse does not tell what the user of the workers may do' }
  if (rights.changes.length > 0)
    return {
      state: 'Failing',
      message: `the user of the workers may ${rights.changes.join(', ')} on audit_log: docs/clickhouse-rights.sql has the grants that it needs`,
    }
  if (rights.byRole)
    return {
      state: 'Unknown',
      message:
        'the user of the workers has rights by a role, which are not listed: grant them to the user itself',
    }
  return { state: 'Proven', message: PROVEN }
}
