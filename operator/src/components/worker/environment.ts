/** The worker's environment and files, from the spec: settings as values, secrets as references. */
import type { Raw } from '../parts/manifests.ts'
import type { Snapshot } from '../snapshot.ts'
import type { SecretKey } from '../connections/connection.ts'
import type { WorkerSettingsInput } from '../../../../crds/workerSettings.ts'
import type { V1EnvVar, V1Volume, V1VolumeMount } from '@kubernetes/client-node'
import { variableOf } from '../../../../crds/environment.ts'
import { renderWorkerSettings } from '../../../../crds/workerSettings.ts'
import { ROOT } from '../connections/connection.ts'
import { workerFiles, workerSecrets, workerSettings } from '../connections/index.ts'
import { HTTP_PORT, INTERNAL_PORT } from '../parts/ports.ts'

/** What the worker reads from its environment, secrets apart. */
function settings(snapshot: Snapshot): Partial<WorkerSettingsInput> {
  return {
    logLevel: snapshot.sender.spec.worker.logLevel ?? 'info',
    httpPort: HTTP_PORT,
    internalPort: INTERNAL_PORT,
    ...workerSettings(snapshot),
  }
}

/** `env` of the worker container. */
export function environment(snapshot: Snapshot): Raw<V1EnvVar>[] {
  return [
    fromField('workerName', 'metadata.name'),
    ...Object.entries(renderWorkerSettings(settings(snapshot))).map(([name, value]) => ({ name, value })),
    ...workerSecrets(snapshot).map(([setting, key]) => fromSecret(setting, key)),
  ]
}

/** What tells that a secret read from the environment changed, without telling what it is. */
export function secretFingerprints(snapshot: Snapshot): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    workerSecrets(snapshot).map(([setting, [secret, key]]) => {
      const facts = snapshot.references.get(secret)
      return [setting, facts?.found ? facts.fingerprints[key] : undefined]
    }),
  )
}

/** Another order would be another template, and roll every pod; what is not named comes after. */
const ORDER = ['tokens', 'postgres', 'unsubscribe']

function files(sender: Snapshot['sender']): readonly Raw<V1Volume>[] {
  const placeOf = ({ name }: { readonly name: string }) => {
    const place = ORDER.indexOf(name)
    return place === -1 ? ORDER.length : place
  }
  return workerFiles(sender).toSorted((left, right) => placeOf(left) - placeOf(right))
}

export function volumes({ sender }: Snapshot): Raw<V1Volume>[] {
  return [...files(sender), TMP.volume]
}

export function volumeMounts({ sender }: Snapshot): Raw<V1VolumeMount>[] {
  return [...files(sender).map(({ name }) => mountOf(name)), TMP.mount]
}

/** A volume of a connection, under its name. */
export function mountOf(name: string): Raw<V1VolumeMount> {
  return { name, mountPath: `${ROOT}/${name}`, readOnly: true }
}

export const TMP = {
  volume: { name: 'tmp', emptyDir: {} },
  mount: { name: 'tmp', mountPath: '/tmp' },
}

export function fromSecret(setting: string, [name, key]: SecretKey): Raw<V1EnvVar> {
  return { name: variableOf(setting), valueFrom: { secretKeyRef: { name, key } } }
}

function fromField(setting: string, fieldPath: string): Raw<V1EnvVar> {
  return { name: variableOf(setting), valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }
}
