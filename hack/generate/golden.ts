/** Every manifest that a sample leads to, once its certificates and its migration are done: a change is a visible diff. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { BatchSenderSpec } from '../../crds/schema/batchsender.ts'
import { components } from '../../operator/src/components/index.ts'
import { references } from '../../operator/src/components/connections/index.ts'
import { children, issuedSecrets, reference, sender, snapshot } from '../../operator/src/testing/snapshots.ts'
import type { KubernetesObject } from '../../operator/src/runtime/object.ts'
import type { Snapshot } from '../../operator/src/components/snapshot.ts'

const SAMPLES = join(import.meta.dirname, '../../config/samples')

/** @param sample file name in config/samples */
export async function golden(sample: string): Promise<string> {
  const { metadata, spec } = parse(await readFile(join(SAMPLES, sample), 'utf8')) as {
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
  return [...jobs, ...objects({ ...before, children: children(...done) })]
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
}

function objects(given: Snapshot): KubernetesObject[] {
  return components
    .flatMap((component) => component.desired(given))
    .flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
}
