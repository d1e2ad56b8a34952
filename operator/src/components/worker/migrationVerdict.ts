/** What is said of a migration that is not done, in the words of the database where it had any. Pure. */
import type { MigrationFault } from '../../../../crds/migrationFault.ts'
import type { Verdict } from '../component.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Migration } from './migration.ts'
import { firstSentence } from '../../vocabulary/sentence.ts'
import { policiesEnabled } from '../networkPolicy/enabled.ts'
import { troubleText } from '../parts/trouble.ts'
import { migrationKey, migrationOf } from './migration.ts'

export interface MigrationObserved {
  readonly migration: Migration
  /** Where its credentials come from: `Secret postgres (url)`. */
  readonly credentials: string
  /** What may keep it from its database; empty when nothing does. */
  readonly hint: string
  /** Why its pod does not run, as the end of a message; empty when nothing is known. */
  readonly migrationTrouble: string
}

export function migrationObserved(snapshot: Snapshot): MigrationObserved {
  const { name } = snapshot.sender.spec.postgres.credentialsSecretRef
  return {
    migration: migrationOf(snapshot),
    credentials: `Secret ${name} (${migrationKey(snapshot)})`,
    hint: databaseHint(snapshot),
    migrationTrouble: troubleText(snapshot, 'migration'),
  }
}

/** @param counts whether one that is under way is more than a moment's matter */
export function migrationVerdict(
  observed: MigrationObserved,
  counts: boolean,
): Verdict<'WorkerReady'> | undefined {
  const { migration } = observed
  const fault = faultOf(migration)
  const again =
    migration.state === 'failed' ? { lookAgainMs: Math.max(1_000, migration.retryInMs) } : undefined
  // Told at the first attempt: whoever still serves does so over connections that it has.
  if (fault?.kind === 'credentials')
    return {
      status: 'False',
      reason: 'CredentialsRefused',
      message: `PostgreSQL refuses the credentials of ${observed.credentials}: ${firstSentence(fault.error)}`,
      ...again,
    }
  if (migration.state === 'failed')
    return {
      status: 'False',
      reason: 'MigrationFailed',
      message: `the database migration failed: ${wordsOf(fault) ?? `${migration.message}${observed.hint}`}`,
      ...again,
    }
  if (migration.state === 'done' || !counts) return undefined
  return { status: 'False', reason: 'Migrating', message: migratingMessage(observed) }
}

const faultOf = (migration: Migration): MigrationFault | undefined =>
  'fault' in migration ? migration.fault : undefined

const wordsOf = (fault: MigrationFault | undefined): string | undefined =>
  fault?.kind === 'refused' ? firstSentence(fault.error) : undefined

function migratingMessage({ migration, hint, migrationTrouble }: MigrationObserved): string {
  const said = wordsOf(faultOf(migration))
  if (said !== undefined) return `the database cannot be migrated: ${said}`
  if (migrationTrouble !== '') return `the database cannot be migrated${migrationTrouble}`
  const failures = migration.state === 'running' ? migration.failures : 0
  const tries = `after ${failures} ${failures === 1 ? 'try' : 'tries'} that failed: see the logs of its pods`
  return `the database is being migrated${failures === 0 ? '' : `, ${tries}${hint}`}`
}

/** A database in a private network looks like one that is down until it is named. */
function databaseHint({ sender }: Snapshot): string {
  if (!policiesEnabled(sender) || sender.spec.network?.egress?.postgres) return ''
  return '; NetworkPolicies let it reach public addresses alone until spec.network.egress.postgres names others'
}
