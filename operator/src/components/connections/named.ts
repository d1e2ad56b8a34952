/** Every Secret that a spec names, those that only kubelets read included. Pure. */
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Figures } from '../component.ts'
import { MOST_SECRETS } from '../../../../crds/schema/secrets.ts'
import { references } from './index.ts'

export interface Named {
  readonly secret: string
  /** Where in the spec it is named first. */
  readonly path: string
}

/** Each once. */
export function secretsNamed(spec: BatchSenderSpec): readonly Named[] {
  const all = [
    ...references(spec),
    ...toPull('spec.worker', spec.worker.imagePullSecrets),
    ...toPull('spec.nats.managed', spec.nats.managed?.imagePullSecrets),
  ]
  return all.filter(({ secret }, index) => all.findIndex((one) => one.secret === secret) === index)
}

function toPull(at: string, names: readonly { readonly name: string }[] = []): readonly Named[] {
  return names.map(({ name }, index) => ({ secret: name, path: `${at}.imagePullSecrets[${index}]` }))
}

/** What the status tells of those that are there. */
export function originFigures({ sender, references: facts }: Snapshot): Figures {
  const secrets = secretsNamed(sender.spec)
    .map(({ secret }) => secret)
    .toSorted()
    .flatMap((name) => {
      const seen = facts.get(name)
      return seen?.found === true ? [{ name, ...(seen.origin ?? { by: 'None' as const }) }] : []
    })
    .slice(0, MOST_SECRETS)
  return secrets.length > 0 ? { secrets } : {}
}
