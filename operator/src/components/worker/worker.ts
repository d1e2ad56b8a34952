/** The Deployment that sends, and the migration that must come first. Scaling to zero is a supported state. */
import type { Verdict } from '../component.ts'
import type { Desired } from '../desired.ts'
import type { DesiredKey } from '../wishes/key.ts'
import type { DeploymentManifest } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import { component } from '../component.ts'
import { dependencies } from '../dependencies.ts'
import { childName, labels } from '../parts/labels.ts'
import { FINGERPRINT_KEY, fingerprintSecret } from '../../vocabulary/fingerprint.ts'
import {
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
} from '../../vocabulary/kinds.ts'
import { refusedLogin } from '../parts/logins.ts'
import { natsSecrets } from '../parts/natsTopology.ts'
import { hasEnded } from '../parts/renewal.ts'
import { templateHash } from '../parts/templateHash.ts'
import { disruptionBudget } from '../parts/disruptionBudget.ts'
import { childOf } from '../snapshot.ts'
import { troubleText } from '../parts/trouble.ts'
import { autoscalerTrouble } from './autoscalerTrouble.ts'
import { environment, secretFingerprints } from './environment.ts'
import { environmentMemory } from './environmentMemory.ts'
import { autoscaler, scaleOf } from './scaling.ts'
import { deployment, service, serviceAccount, workerImage } from './manifests.ts'
import type { MigrationObserved } from './migrationVerdict.ts'
import { refusedProvider } from './refusedProviders.ts'
import { migrationOf, migrationSteps } from './migration.ts'
import { migrationObserved, migrationVerdict } from './migrationVerdict.ts'

/** Tries of a migration that may fail before workers that still serve are no comfort any more. */
const TRIES_IN_SILENCE = 3

interface Observed extends MigrationObserved {
  readonly waitingFor?: string
  /** Credentials that are refused, in words. */
  readonly refused?: string
  /** Why pods do not run, as ends of messages; empty when nothing is known. */
  readonly trouble: { readonly worker: string; readonly scaling: string }
  readonly wanted: number
  /** Fewer than that, less the one that may be missing, are too few. */
  readonly needed: number
  readonly status: DeploymentManifest['status']
  /** Every worker runs what is wanted now, and none anything older. */
  readonly rolledOut: boolean
  /** This spec was brought to its end before: what happens now is no first roll-out of it. */
  readonly settled: boolean
}

export const worker = component<'WorkerReady', Observed>({
  name: 'worker',
  conditionType: 'WorkerReady',
  owns: [Secret, ServiceAccount, Service, PodDisruptionBudget, Job, Deployment, HorizontalPodAutoscaler],
  prunes: [Job, HorizontalPodAutoscaler],

  desired(snapshot) {
    const steps: Desired[] = [
      ...fingerprintKey(snapshot),
      { type: 'object', resource: ServiceAccount, object: serviceAccount(snapshot) },
      { type: 'object', resource: Service, object: service(snapshot) },
      { type: 'object', resource: PodDisruptionBudget, object: disruptionBudget(snapshot.sender, 'worker') },
    ]
    if (waitingFor(snapshot) !== undefined) return steps
    steps.push(...migrationSteps(snapshot))
    if (migrationOf(snapshot).state === 'done')
      steps.push({ type: 'object', resource: Deployment, object: deployment(snapshot, workerHash(snapshot)) })
    steps.push(...scaling(snapshot))
    return steps
  },

  observe(snapshot) {
    const live = childOf<DeploymentManifest>(snapshot, Deployment, childName(snapshot.sender, 'worker'))
    const waiting = waitingFor(snapshot)
    const { wanted, needed } = scaleOf(snapshot)
    const refused = refusedProvider(snapshot) ?? refusedLogin(snapshot, 'WorkerReady', ['worker'])
    return {
      ...(refused !== undefined && { refused }),
      ...migrationObserved(snapshot),
      trouble: {
        worker: troubleText(snapshot, 'worker'),
        scaling: autoscalerTrouble(snapshot),
      },
      wanted,
      needed,
      status: live?.status,
      rolledOut: isRolledOut(live, wanted),
      settled: snapshot.sender.status.observedGeneration === snapshot.sender.generation,
      ...(waiting !== undefined && { waitingFor: waiting }),
    }
  },

  condition(observed): Verdict<'WorkerReady'> {
    const { wanted, waitingFor: waiting } = observed
    if (waiting !== undefined && (observed.status?.availableReplicas ?? 0) === 0)
      return { status: 'False', reason: 'Waiting', message: `waiting for ${waiting}` }
    const ofMigration = migrationVerdict(observed, waiting === undefined && !isServing(observed))
    if (ofMigration) return ofMigration
    const { refused } = observed
    if (refused !== undefined) return { status: 'False', reason: 'CredentialsRefused', message: refused }
    return wanted === 0
      ? { status: 'True', reason: 'ScaledToZero', message: '0 of 0 workers' }
      : deploymentVerdict(observed)
  },
})

/** Workers of a spec that was fine before go on while the database is migrated once more. */
function isServing({ settled, status, needed, migration }: Observed): boolean {
  const fails = migration.state === 'running' && migration.failures >= TRIES_IN_SILENCE
  return settled && !fails && (status?.availableReplicas ?? 0) >= Math.max(1, needed - 1)
}

function isRolledOut(live: DeploymentManifest | undefined, wanted: number): boolean {
  const status = live?.status
  if (!status || status.observedGeneration !== live.metadata.generation) return false
  return [status.updatedReplicas, status.replicas, status.availableReplicas].every(
    (count) => (count ?? 0) === wanted,
  )
}

function deploymentVerdict(observed: Observed): Verdict<'WorkerReady'> {
  const { wanted, needed, status, settled, rolledOut, trouble } = observed
  const available = status?.availableReplicas ?? 0
  const workers = `${Math.min(available, wanted)} of ${wanted} worker${wanted === 1 ? '' : 's'}`
  const ready = `${workers} ${wanted === 1 ? 'is' : 'are'} ready`
  const stuck = progressFault(status)
  if (stuck !== undefined)
    return {
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `${ready}${trouble.worker === '' ? `: ${stuck}` : trouble.worker}`,
    }
  if (!settled && !rolledOut)
    return { status: 'False', reason: 'RollingOut', message: `${ready} and up to date${trouble.worker}` }
  // One worker may be missing, as the disruption budget allows, but never the last.
  if (available < Math.max(1, needed - 1))
    return { status: 'False', reason: 'Unavailable', message: `${ready}${trouble.worker}` }
  return { status: 'True', reason: 'Available', message: `${workers}${trouble.scaling}` }
}

function progressFault(status: DeploymentManifest['status']): string | undefined {
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing')
  return progressing?.reason === 'ProgressDeadlineExceeded'
    ? (progressing.message ?? 'no progress')
    : undefined
}

function scaling(snapshot: Snapshot): readonly Desired[] {
  const resource = HorizontalPodAutoscaler
  const object = autoscaler(snapshot)
  if (object) return [{ type: 'object', resource, object }]
  const name = childName(snapshot.sender, 'worker')
  if (!childOf(snapshot, resource, name)) return []
  return [{ type: 'absent', resource, name, reason: 'spec.worker.autoscaling is gone' }]
}

function fingerprintKey({ sender, secrets }: Snapshot): readonly DesiredKey[] {
  const name = fingerprintSecret(sender.name)
  if (secrets.get(name)?.keys.includes(FINGERPRINT_KEY) === true) return []
  return [
    {
      type: 'key',
      key: FINGERPRINT_KEY,
      source: { from: 'random', sizeBytes: 32 },
      secret: { name, namespace: sender.namespace, labels: labels(sender, 'worker'), owned: true },
    },
  ]
}

/** What must be there before a worker can start; also while it runs, nothing is rolled without it. */
function waitingFor(snapshot: Snapshot): string | undefined {
  if (dependencies.verdict(snapshot).status !== 'True') return 'the Secrets that the spec names'
  if (!hasNatsCertificate(snapshot)) return 'the certificates of NATS'
  const fingerprints = Object.values(secretFingerprints(snapshot))
  return fingerprints.includes(undefined) ? 'the key for fingerprints' : undefined
}

/** A good one: that others are being made, or cannot be, is no reason to let workers go. */
function hasNatsCertificate({ sender, secrets, now }: Snapshot): boolean {
  if (!sender.spec.nats.managed) return true
  const certificate = secrets.get(natsSecrets(sender).worker)?.certificate
  return certificate?.keyMatches === true && !hasEnded(certificate, now)
}

/** Image, settings and the secrets read from the environment: nothing else rolls the workers. */
function workerHash(snapshot: Snapshot): string {
  return templateHash({
    image: workerImage(snapshot),
    environment: environment(snapshot),
    secrets: secretFingerprints(snapshot),
    returns: environmentMemory(snapshot).environment?.returns,
  })
}
