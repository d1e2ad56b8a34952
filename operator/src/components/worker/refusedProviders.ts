/** What is told of credentials that only the workers can try: those of the mail provider and of the flags. Pure. */
import type { Snapshot } from '../snapshot.ts'
import type { WorkerSpec } from '../../../../crds/schema/worker.ts'
import { isStale } from '../parts/evidence.ts'
import { UNLEASH_TOKEN } from '../connections/features.ts'

interface Credentials {
  /** Who is shown them. */
  readonly server: string
  readonly secret: string
  readonly keys: readonly string[]
}

type Told = 'providerRefuses' | 'featuresRefuse'

/** While no worker was asked, or none answers, what was told before stands. */
export function refusedProvider(snapshot: Snapshot): string | undefined {
  const { sender, evidence } = snapshot
  const credentials = credentialsOf(sender.spec.worker)
  const sighting = evidence.workerEvidence
  if (!sighting?.seen.reached || isStale(sighting, snapshot)) return toldBefore(snapshot, credentials)
  const { seen } = sighting
  const found = credentials.find(([told]) => seen[told] === true)
  return found && messageFor(found[1])
}

function credentialsOf({ provider, features }: WorkerSpec): readonly (readonly [Told, Credentials])[] {
  const { smtp, ses, resend } = provider
  const login = (server: string, ref: { readonly name: string } | undefined, ...keys: readonly string[]) =>
    ref ? [['providerRefuses', { server, secret: ref.name, keys }] as const] : []
  const flags = features?.unleash?.tokenSecretRef.name
  return [
    ...login('the SMTP server', smtp?.credentialsSecretRef, 'username', 'password'),
    ...login('Amazon SES', ses?.credentialsSecretRef, 'accessKeyId', 'secretAccessKey'),
    ...login('Resend', resend?.credentialsSecretRef, 'apiKey'),
    ...(flags === undefined
      ? []
      : [['featuresRefuse', { server: 'Unleash', secret: flags, keys: [UNLEASH_TOKEN] }] as const]),
  ]
}

const messageFor = ({ server, secret, keys }: Credentials) =>
  `${server} refuses the credentials of Secret ${secret} (${keys.join(', ')}), as the workers see it`

function toldBefore(
  { sender: { status, generation } }: Snapshot,
  credentials: ReturnType<typeof credentialsOf>,
): string | undefined {
  const last = status.conditions?.find(({ type }) => type === 'WorkerReady')
  if (last?.reason !== 'CredentialsRefused' || last.observedGeneration !== generation) return undefined
  return credentials.map(([, one]) => messageFor(one)).find((message) => message === last.message)
}
