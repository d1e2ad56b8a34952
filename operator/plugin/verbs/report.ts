/** `report`: the whole checklist with its evidence, for whoever has to sign it. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { RELEASE } from '../../../crds/release.ts'
import { Deployment, StatefulSet } from '../../src/vocabulary/kinds.ts'
import { INSTANCE } from '../../src/vocabulary/labels.ts'
import { EXIT } from '../cli/verb.ts'
import { senderNamed } from '../cluster/senders.ts'
import { isForbidden } from '../cluster/told.ts'
import { htmlOf } from '../report/html.ts'
import { markdownOf } from '../report/markdown.ts'
import { pictureOf } from '../status/picture.ts'

export const report: Verb = {
  name: 'report',
  summary: 'the production-readiness checklist with evidence, for an auditor',
  doc: [
    'Every check with its state, since when, and what was seen; waivers with their reasons, conditions and figures. HTML is one page that loads and runs nothing. Nothing secret is in it.',
  ],
  operand: 'needed',
  options: [
    { name: 'format', value: 'FORMAT', choices: ['markdown', 'html'], doc: 'Markdown is the standard.' },
  ],
  examples: [
    { what: 'To read in a terminal, or to put beside a release', command: 'report orders > readiness.md' },
    { what: 'To print', command: 'report orders --format html > readiness.html' },
  ],
  exits: ['0: the report was written', '1: it could not be asked', '2: the command was not understood'],
  run,
}

async function run({ operand = '', flags, io, ...call }: Call): Promise<Exit> {
  const cluster = await call.cluster()
  const seen = await senderNamed(cluster, operand)
  const told = {
    picture: pictureOf(seen),
    at: io.now().toISOString(),
    server: cluster.server,
    version: RELEASE.version,
    images: await imagesOf(cluster, operand),
    waivers: seen.spec.readiness?.waive ?? [],
  }
  io.out(flags.text('format') === 'html' ? htmlOf(told) : markdownOf(told))
  return EXIT.done
}

/** Of what runs; a list that may not be read is none. */
async function imagesOf(cluster: Cluster, name: string): Promise<readonly string[]> {
  const selection = { labels: `${INSTANCE}=${name}` }
  const lists = await Promise.all(
    [Deployment, StatefulSet].map((kind) =>
      cluster.list(kind, cluster.namespace, selection).catch((error: unknown) => {
        if (!isForbidden(error)) throw error
        return []
      }),
    ),
  )
  return [...new Set(lists.flat().flatMap(imagesIn))].sort()
}

function imagesIn(object: KubernetesObject): readonly string[] {
  const { template } = (object['spec'] ?? {}) as {
    template?: { spec?: { containers?: readonly { image?: string }[] } }
  }
  return (template?.spec?.containers ?? []).flatMap(({ image }) => image ?? [])
}
