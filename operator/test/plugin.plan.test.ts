/**
 * `kubectl batchsender plan` foretells the writes that follow: for an edit of every field, what was told before the edit
 * is what the operator wrote after it, no more and no less.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { connect } from '../plugin/cluster/connect.ts'
import { isSame } from '../plugin/plan/compare.ts'
import { editByPatch } from '../plugin/plan/edit.ts'
import { foretell } from '../plugin/plan/foretell.ts'
import { ownedKinds } from '../src/watches.ts'
import { EditedSender, fieldsOf } from './everyFieldRig.ts'
import { plugin } from './pluginRig.ts'

let rig: EditedSender

beforeAll(async () => {
  rig = await EditedSender.start()
})
afterAll(() => rig.stop())

type Objects = ReadonlyMap<string, KubernetesObject>

/** Everything that the operator may write in the namespace. */
async function objects(): Promise<Objects> {
  const { api, namespace } = rig.cluster
  const lists = await Promise.all(
    // The control plane of the test has no definitions of prometheus-operator.
    ownedKinds()
      .filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.'))
      .map(({ plural }) => api.list(plural, namespace).catch(() => [])),
  )
  return new Map(lists.flat().map((object) => [`${object.kind}/${object.metadata.name}`, object]))
}

const plurals = new Map(ownedKinds().map(({ plural, kind }) => [plural, kind]))

/** `written Deployment/orders-worker`, of what the audit log has of the operator since, and what is another object for it. */
async function seenSince(count: number, before: Objects): Promise<string[]> {
  const after = await objects()
  const end = ` in ${rig.cluster.namespace}`
  const writes = (await rig.cluster.operatorWrites()).slice(count).filter((write) => write.endsWith(end))
  const told = writes.flatMap((write) => {
    const [, verb = '', plural = '', name = ''] = /^(\S+) ([^/]+)\/([^/]+)\/ in /.exec(write) ?? []
    const kind = plurals.get(plural)
    if (kind === undefined) return []
    const key = `${kind}/${name}`
    if (verb === 'delete') return [`removed ${key}`]
    // An apply that changes nothing is a question and no write.
    return isUntouched(before.get(key), after.get(key)) ? [] : [`written ${key}`]
  })
  return [...new Set(told)].sort()
}

const isUntouched = (from?: KubernetesObject, to?: KubernetesObject) => from && to && isSame(from, to)

async function foretold(spec: object): Promise<string[]> {
  const { plane, namespace } = rig.cluster
  const cluster = await connect({ kubeconfig: plane.kubeconfig, namespace }, AbortSignal.timeout(120_000))
  try {
    const edit = await editByPatch(cluster, 'orders', JSON.stringify({ spec }))
    const forecast = await foretell(cluster, edit, new Date())
    expect(forecast.anyway).toEqual([])
    const told = forecast.writes.map(
      ({ change, kind, name }) => `${change === 'removed' ? 'removed' : 'written'} ${kind}/${name}`,
    )
    return [...new Set(told)].sort()
  } finally {
    cluster.transport.close()
  }
}

/** `written Deployment`, so that a table that leads to nothing is not taken for one that was foretold. */
const foretoldEver = new Set<string>()

async function compared(path: string): Promise<void> {
  let expected: string[] = []
  let count = 0
  let before: Objects = new Map()
  await rig.edit(path, {
    async before(spec) {
      before = await objects()
      expected = await foretold(spec)
      count = (await rig.cluster.operatorWrites()).length
    },
    async after() {
      expect(await seenSince(count, before)).toEqual(expected)
      for (const told of expected) foretoldEver.add(told.replace(/\/.*/, ''))
    },
    async refused(spec, why) {
      const { exit, err } = await plugin(rig.cluster, ['plan', 'orders', '-p', JSON.stringify({ spec })])
      expect(exit).toBe(1)
      expect(err).toMatch(why)
    },
  })
}

describe.each(['external', 'managed'] as const)('with %s NATS', (nats) => {
  beforeAll(async () => {
    await rig.begin(nats)
    await rig.rest('the beginning')
  })
  afterAll(() => rig.end())

  it.each(fieldsOf(nats))('foretells what another %s writes', compared)
})

it('foretold writes of every kind, and what goes', () => {
  const kinds = 'CronJob ConfigMap Deployment HTTPRoute Job NetworkPolicy Secret StatefulSet'.split(' ')
  expect([...foretoldEver]).toEqual(expect.arrayContaining(kinds.map((kind) => `written ${kind}`)))
  expect([...foretoldEver]).toEqual(expect.arrayContaining(['removed Job', 'removed NetworkPolicy']))
})
