import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import type { NodeHandshake } from './seen.ts'
import { RESTARTED } from '../../vocabulary/labels.ts'
import {
  children,
  issuedSecrets,
  nodeAsIssued,
  NOW,
  sender,
  snapshot,
  SPEC,
} from '../../testing/snapshots.ts'
import { natsNodes } from '../parts/natsTopology.ts'
import { nats } from './nats.ts'
import { nodeRestart } from './restart.ts'

const three = sender({
  spec: { ...SPEC, nats: { managed: { replicas: 3 } } },
  status: { observedGeneration: 1 },
})
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000)
const astray: Partial<NodeHandshake> = { servedKeyHash: 'another', astraySince: NOW }

interface Given {
  readonly node?: Partial<NodeHandshake>
  readonly seconds?: number
  readonly note?: string
  readonly status?: object
}

/** Three nodes that are up to date, of which the second may not be as it should. */
function world({ node = astray, seconds = 200, note, status = {} }: Given): Snapshot {
  const nodes = natsNodes(three).map((name, index) => ({ ...nodeAsIssued(name), ...(index === 1 && node) }))
  const before = snapshot({ sender: three, secrets: issuedSecrets(three), now: after(seconds) })
  const evidence = { ...before.evidence, natsHandshake: { lookedAt: after(seconds), seen: { nodes } } }
  const spec = specOf(before)
  const { template } = spec
  const annotations = { ...template.metadata.annotations, ...(note !== undefined && { [RESTARTED]: note }) }
  const set: KubernetesObject = {
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'orders-nats', generation: 1 } },
    spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
    status: {
      ...{ observedGeneration: 1, readyReplicas: 3, updateRevision: 'a', currentRevision: 'a' },
      ...status,
    },
  }
  return { ...before, evidence, children: children(set) }
}

interface SetSpec {
  readonly template: { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } }
}

function specOf(given: Snapshot): SetSpec {
  const wish = nats.desired(given).find((one) => one.type === 'object' && one.resource.kind === 'StatefulSet')
  if (wish?.type !== 'object') throw new Error('no StatefulSet is wished for')
  return wish.object['spec'] as SetSpec
}

const noteOf = (given: Snapshot) => specOf(given).template.metadata.annotations[RESTARTED]

describe('nodes that do not take what they are told to reload', () => {
  it('are started anew by their StatefulSet, once they had the time to', () => {
    expect(noteOf(world({ seconds: 179 }))).toBeUndefined()
    expect(noteOf(world({ seconds: 180 }))).toBe('1 2026-11-23T12:03:00Z')
  })

  it.each([
    { why: 'a node is missing', status: { readyReplicas: 2 } },
    { why: 'nodes are being replaced', status: { updateRevision: 'b' } },
    { why: 'the controller has not seen the last change', status: { observedGeneration: 0 } },
  ])('are left alone while $why', ({ status }) => {
    expect(noteOf(world({ status }))).toBeUndefined()
  })

  it('are left alone while they cannot be reached', () => {
    const given = world({ node: {} })
    const nodes = natsNodes(three).map((name) => ({ name, fault: 'cannot be reached' }))
    const evidence = { ...given.evidence, natsHandshake: { lookedAt: given.now, seen: { nodes } } }
    expect(nodeRestart({ ...given, evidence })).toEqual({})
  })

  it('keep the note of their last start, which would roll them when it went', () => {
    const note = '1 2026-11-23T11:00:00Z'
    expect(noteOf(world({ node: {}, note }))).toBe(note)
  })

  it('are told of when starting them anew did not help, with when that is tried again', () => {
    const given = world({ node: { ...astray, astraySince: after(-600) }, note: '1 2026-11-23T11:58:00Z' })
    expect(noteOf(given)).toBe('1 2026-11-23T11:58:00Z')
    expect(nats.verdict(given)).toMatchObject({
      status: 'False',
      reason: 'NodesAstray',
      message:
        'orders-nats-1 serves a certificate that has the serial that was issued and another key: reloading did not help, and the nodes were started anew at 2026-11-23T11:58:00Z; they are again at 2026-11-23T12:08:00Z',
      lookAgainMs: 280_000,
    })
  })

  it('are started anew ever more rarely, and never more than twice a day in the end', () => {
    let note: string | undefined
    const pauses: number[] = []
    let last = 0
    for (let seconds = 180; seconds < 200_000; seconds += 600) {
      const next = nodeRestart(world({ seconds, ...(note !== undefined && { note }) })).note
      if (next === note) continue
      if (note !== undefined) pauses.push((seconds - last) / 60)
      note = next
      last = seconds
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 720, 720])
  })

  it('are started anew for a new fault at once, since the last time helped, but not again and again', () => {
    expect(noteOf(world({ note: '1 2026-11-23T11:58:00Z' }))).toBe('2 2026-11-23T12:03:20Z')
    expect(noteOf(world({ note: '2 2026-11-23T11:58:00Z' }))).toBe('3 2026-11-23T12:03:20Z')
    expect(noteOf(world({ note: '3 2026-11-23T11:58:00Z' }))).toBe('3 2026-11-23T11:58:00Z')
    const third = world({ note: '3 2026-11-23T11:58:00Z' })
    expect(nats.verdict(third).message).toContain(
      'reloading did not help, and the nodes were started anew at 2026-11-23T11:58:00Z, 3 times in a row; they are again at 2026-11-23T12:38:00Z',
    )
  })

  it('begin anew when they were well for long', () => {
    expect(noteOf(world({ note: '3 2026-11-23T10:00:00Z' }))).toBe('1 2026-11-23T12:03:20Z')
    expect(noteOf(world({ note: '3 2026-11-23T11:00:00Z' }))).toBe('4 2026-11-23T12:03:20Z')
  })

  it.each(['nonsense', '1 yesterday', '900 2099-01-01T00:00:00Z', '1 2099-01-01T00:00:00Z'])(
    'are not kept from it by a note that is not ours: %s',
    (note) => {
      expect(noteOf(world({ note }))).toBe('1 2026-11-23T12:03:20Z')
    },
  )
})
