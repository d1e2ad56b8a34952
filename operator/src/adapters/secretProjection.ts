/** What the cache keeps of our own Secrets: facts, never keys. */
import type { KubernetesObject, ObjectMeta } from '../runtime/object.ts'
import type { DataKeyFacts, SecretFacts } from '../components/snapshot.ts'
import { createHash } from 'node:crypto'
import { DATA_KEY, isUsableKey } from '../vocabulary/dataKey.ts'
import { RETAINED_FOR } from '../vocabulary/labels.ts'
import { controllerOf } from '../runtime/object.ts'
import { certificateFacts } from './certificateFacts.ts'
import { certificatesIn, pemOf } from './pem.ts'

/** @property trust the certificates in `ca.crt`, in PEM */
export type ProjectedSecret = KubernetesObject & { readonly facts: SecretFacts; readonly trust: string }

type Data = Readonly<Record<string, string>>

export function decode(data: Data | undefined, key: string): string | undefined {
  const text = data?.[key]
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8')
}

export function projectSecret(raw: KubernetesObject): ProjectedSecret {
  const data = raw['data'] as Data | undefined
  const metadata = withoutNotes(raw.metadata)
  const certificate = certificateFacts(
    decode(data, 'tls.crt'),
    decode(data, 'tls.key'),
    decode(data, 'ca.crt'),
  )
  const controllerUid = controllerOf(raw)?.uid
  const retainedFor = metadata.labels?.[RETAINED_FOR]
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    trust: pemOf(certificatesIn(decode(data, 'ca.crt'))),
    facts: {
      keys: Object.keys(data ?? {}).sort(),
      deleting: metadata.deletionTimestamp !== undefined,
      ...(certificate && { certificate }),
      ...dataKeyFacts(decode(data, DATA_KEY)),
      ...(controllerUid !== undefined && { controllerUid }),
      ...(retainedFor !== undefined && { retainedFor }),
    },
  }
}

/** A digest of 256 random bits can be told; one of what a person made up could be guessed from. */
function dataKeyFacts(key: string | undefined): { readonly dataKey?: DataKeyFacts } {
  if (!isUsableKey(key)) return {}
  return { dataKey: { id: createHash('sha256').update(`data key ${key}`).digest('hex').slice(0, 16) } }
}

/** Annotations and managed fields of Secrets are nobody's business here, and may hold copies of their data. */
function withoutNotes(metadata: ObjectMeta): ObjectMeta {
  const kept = Object.entries(metadata).filter(
    ([field]) => field !== 'annotations' && field !== 'managedFields',
  )
  return { name: metadata.name, ...Object.fromEntries(kept) }
}

/** Whom it says to trust: certificates in PEM, which are no secret. */
export function trustIn(object: KubernetesObject): string {
  return (object as ProjectedSecret).trust
}

export function secretFacts(object: KubernetesObject): SecretFacts {
  // Every Secret in the store went through projectSecret.
  return (object as ProjectedSecret).facts
}
