/** What an edit would write and roll, before it is applied. */
import type { Cluster } from '../cluster/cluster.ts'
import type { Change } from './compare.ts'
import type { Edit } from './edit.ts'
import type { Planned, Rehearsal } from './rehearsal.ts'
import { NetworkPolicy } from '../../src/vocabulary/kinds.ts'
import { RESTARTED, TEMPLATE_HASH, TRUST_HASH } from '../../src/vocabulary/labels.ts'
import { changesBetween } from './compare.ts'
import { gatherAll } from './gathering.ts'
import { rehearse } from './rehearsal.ts'

export interface Roll {
  readonly kind: string
  readonly name: string
  readonly pods: number
  readonly why: readonly string[]
}

export interface Forecast extends Omit<Rehearsal, 'unasked' | 'isEndless'> {
  readonly namespace: string
  readonly name: string
  /** `kubectl apply`, as which it was tried. */
  readonly as: string
  readonly isNew: boolean
  /** What the edit changes in the BatchSender itself. */
  readonly edits: readonly Change[]
  readonly rolls: readonly Roll[]
  readonly notes: readonly string[]
  /** What could not be asked or read. */
  readonly unread: readonly string[]
}

export async function foretell(cluster: Cluster, { live, edited, as }: Edit, now: Date): Promise<Forecast> {
  const isNew = live === undefined
  const { beginning, stage, unread, unlisted, readsSecrets } = await gatherAll(cluster, live ?? edited, now)
  const rehearsal = await rehearse(beginning, stage, edited, { isNew, signal: cluster.signal })
  const isTold = ({ kind }: { readonly kind: string }) => !unlisted.has(kind)
  for (const object of rehearsal.unasked.filter((one) => isTold({ kind: one.split(' ')[0] ?? '' })))
    unread.add(`${object}: you may not patch it, so the fields are those of the operator, without defaults`)
  const edits = changesBetween({ spec: live?.['spec'] }, { spec: edited['spec'] })
  const planned = rehearsal.planned.filter(isTold)
  return {
    ...{ namespace: cluster.namespace, name: edited.metadata.name, as, isNew, edits, planned },
    writes: rehearsal.writes.filter(isTold),
    anyway: readsSecrets() ? rehearsal.anyway.filter(isTold) : [],
    faults: rehearsal.faults,
    rolls: planned.flatMap(rollOf),
    notes: [
      ...(isSuspended(edited)
        ? ['it is suspended: nothing is written before spec.suspend is taken away']
        : []),
      ...notesOn(edits, planned, { isNew }),
      ...(rehearsal.isEndless ? ['it came to no rest: what is told is what came first'] : []),
    ],
    unread: [...unread].sort(),
  }
}

function isSuspended(edited: Edit['edited']): boolean {
  return (edited['spec'] as { suspend?: boolean }).suspend === true
}

const BY_THE_WAY = [TEMPLATE_HASH, TRUST_HASH, RESTARTED].map(
  (name) => `spec.template.metadata.annotations["${name}"]`,
)
const TEMPLATE = 'spec.template.'

function rollOf({ kind, name, change, fields, after }: Planned): readonly Roll[] {
  if (change !== 'updated' || (kind !== 'Deployment' && kind !== 'StatefulSet')) return []
  const ofTemplate = fields.map(({ path }) => path).filter((path) => path.startsWith(TEMPLATE))
  if (ofTemplate.length === 0) return []
  const reasons = ofTemplate.filter((path) => !BY_THE_WAY.includes(path))
  const why = reasons.length > 0 ? reasons : [hashOnly(ofTemplate)]
  return [{ kind, name, pods: after.replicas ?? 1, why }]
}

function hashOnly(paths: readonly string[]): string {
  if (paths.some((path) => path.includes(TRUST_HASH))) return 'whom its certificates are to trust'
  return 'a Secret or a configuration that its pods read at their start'
}

interface Rule {
  readonly when: (path: string) => boolean
  readonly note: string
}

const RULES: readonly Rule[] = [
  {
    when: (path) => path.startsWith('spec.clickhouse.archive') || path === 'spec.clickhouse.external.url',
    note: 'ClickHouse is not asked from here: its tables, their TTL and storage policy follow spec.clickhouse',
  },
  {
    when: (path) => path.startsWith('spec.nats.managed.replicas') || path.startsWith('spec.nats.external'),
    note: 'NATS is not asked from here: the stream and its consumer follow spec.nats',
  },
]

function notesOn(
  edits: readonly Change[],
  planned: readonly Planned[],
  { isNew }: { readonly isNew: boolean },
): readonly string[] {
  const told = RULES.filter(({ when }) => edits.some(({ path }) => when(path))).map(({ note }) => note)
  const probes = isNew || planned.some(({ kind }) => kind === NetworkPolicy.kind)
  return [
    ...(isNew ? ['NATS and ClickHouse are not asked from here: stream and tables are made in them'] : told),
    ...(probes ? ['Jobs that probe the network come for a moment when a NetworkPolicy changes'] : []),
  ]
}
