/** Every manifest that a sample leads to, once its certificates and its migration are done: a change is a visible diff. */
import { parse } from 'yaml'
import type { BatchSenderSpec } from '../../crds/schema/batchsender.ts'
import { components } from '../../operator/src/components/index.ts'
import { references } from '../../operator/src/components/connections/index.ts'
import { children, issuedSecrets, reference, sender, snapshot } from '../../operator/src/testing/snapshots.ts'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import type { Snapshot } from '../../operator/src/components/snapshot.ts'
import { documents } from './documents.ts'

/** The states that the manifests of a sample are taken from: at first, and when its Jobs are done. */
interface States {
  readonly before: Snapshot
  readonly jobs: readonly KubernetesObject[]
  readonly after: Snapshot
}

/** @param sample the text of one in config/samples */
export function golden(sample: string): string {
  const { jobs, after } = statesOf(sample)
  return documents(...jobs, ...objects(after))
}

export function statesOf(sample: string): States {
  const { metadata, spec } = parse(sample) as {
    metadata: { name: string }
    spec: BatchSenderSpec
  }
  const who = sender({ name: metadata.name, spec })
  const before = snapshot({
    sender: who,
    secrets: issuedSecrets(who),
    references: new Map(
      references(spec).map(({ secret, required }) => [secret, reference(...required, 'alice')]),
    ),
  })
  const jobs = objects(before).filter(({ kind }) => kind === 'Job')
  const done = jobs.map((job) => ({ ...job, status: { conditions: [{ type: 'Complete', status: 'True' }] } }))
  return { before, jobs, after: { ...before, children: children(...done) } }
}

function objects(given: Snapshot): KubernetesObject[] {
  return components
    .flatMap((component) => component.desired(given))
    .flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
}
