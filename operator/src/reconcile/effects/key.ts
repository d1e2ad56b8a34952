/** Keys that data is encrypted with, made once. */
import { randomBytes } from 'node:crypto'
import type { DesiredKey } from '../../components/wishes/key.ts'
import type { Outcome } from '../ports.ts'
import type { SecretContent } from '../tools.ts'
import { Waiting } from '../../runtime/errors.ts'
import { isUsableKey } from '../../vocabulary/dataKey.ts'
import { PersistentVolumeClaim } from '../../vocabulary/kinds.ts'
import { MANAGED_BY, OPERATOR, RETAINED_FOR } from '../../vocabulary/labels.ts'
import { eventOfChange, type Effect, type EffectContext, type Written } from './effect.ts'

export const key: Effect<DesiredKey> = {
  rank: () => 0,
  noun,
  event: (_, done, settled) => eventOfChange(done, settled),
  // Fingerprints made under an earlier key compare with nothing any more.
  outdates: { done: 'references' },
  carryOut,
}

function noun({ secret }: DesiredKey): string {
  return `Secret ${secret.name}`
}

async function carryOut(wish: DesiredKey, context: EffectContext): Promise<Written> {
  const { secret, key } = wish
  const { tools, claim, signal } = context
  const volume = await volumeThatNeedsIt(wish, context)
  if (volume !== undefined && !(await isThere(wish, context)))
    return { outcome: lost(wish, volume, claim.name) }
  const make = async (held: SecretContent | undefined): Promise<SecretContent | undefined> =>
    isUsableKey(held?.[key]) ? undefined : { [key]: await newKey(wish, context) }
  return { outcome: await tools.secrets.keep({ ...secret, type: 'Opaque' }, claim, make, signal) }
}

async function volumeThatNeedsIt(
  { source, secret }: DesiredKey,
  { tools, signal }: EffectContext,
): Promise<string | undefined> {
  for (const name of source.from === 'random' ? (source.unlessVolumes ?? []) : [])
    if (await tools.cluster.isThere(PersistentVolumeClaim, secret.namespace, name, signal)) return name
  return undefined
}

/** Somebody may have brought it back without the label that the watch goes by. */
async function isThere({ secret, key }: DesiredKey, { tools, signal }: EffectContext): Promise<boolean> {
  return isUsableKey((await tools.secrets.read(secret.namespace, secret.name, signal))?.[key])
}

/** Begins with a letter: where a number can stand, a key of digits would be read as one. */
async function newKey(
  { source, secret, key }: DesiredKey,
  { tools, signal }: EffectContext,
): Promise<string> {
  if (source.from === 'random') return `k${randomBytes(source.sizeBytes).toString('hex')}`
  const text = (await tools.secrets.read(secret.namespace, source.name, signal))?.[key]
  if (!isUsableKey(text)) throw new Waiting(`Secret ${source.name} has no key`, 1_000)
  return text
}

function lost(wish: DesiredKey, volume: string, sender: string): Outcome {
  return {
    state: 'refused',
    what: noun(wish),
    message: `the key is gone and volume ${volume} was written with it: bring the Secret back with the labels ${MANAGED_BY}=${OPERATOR} and ${RETAINED_FOR}=${sender}, or delete the volumes and lose what is on them; docs/encryption.md has the commands`,
    invalid: false,
    reason: 'KeyLost',
  }
}
