/** Proves that no Secret that the spec names is kept by hand, where the spec asks for that. */
import type { Check, Proof } from './check.ts'
import type { Named } from '../components/connections/named.ts'
import type { ReferenceFacts } from '../components/snapshot.ts'
import { secretsNamed } from '../components/connections/named.ts'

export const secretsManaged: Check = {
  name: 'secrets-managed',

  prove({ sender: { spec }, references }): Proof {
    if (spec.secrets?.requireManaged !== true)
      return { state: 'NotConfigured', message: 'spec.secrets.requireManaged is not set' }
    const named = secretsNamed(spec)
    const faults = named.flatMap((one) => faultOf(one, references.get(one.secret)))
    if (faults.length > 0) return { state: 'Failing', message: faults.join('; ') }
    const unseen = named.filter(({ secret }) => references.get(secret)?.found !== true)
    if (unseen.length > 0)
      return {
        state: 'Unknown',
        message: `not there: Secret ${unseen.map(({ secret }) => secret).join(', ')}`,
      }
    return { state: 'Proven', message: `managed: ${named.map((one) => told(one, references)).join(', ')}` }
  },
}

function faultOf({ secret, path }: Named, facts: ReferenceFacts | undefined): readonly string[] {
  if (facts?.found !== true) return []
  const { origin } = facts
  if (!origin)
    return [`Secret ${secret} (${path}) is managed by nothing that is known: docs/secrets.md has what is`]
  if (origin.by === 'Flux')
    return [
      `Secret ${secret} (${path}) comes from Git by Kustomization ${origin.of} and does not say that it is encrypted there`,
    ]
  return origin.editedBy === undefined
    ? []
    : [`Secret ${secret} (${path}) of ${origin.by} ${origin.of} was changed by hand (${origin.editedBy})`]
}

function told({ secret }: Named, references: ReadonlyMap<string, ReferenceFacts>): string {
  const facts = references.get(secret)
  return `${secret} (${facts?.found === true ? (facts.origin?.by ?? '') : ''})`
}
