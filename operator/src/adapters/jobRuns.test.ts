import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../runtime/object.ts'
import { Store } from '../runtime/store.ts'
import { sender } from '../testing/snapshots.ts'
import { jobRuns, projectPod } from './jobRuns.ts'

const MADE = '2026-11-23T02:00:00Z'
const owned = (
  kind: string,
  name: string,
  uid: string,
  owner: string,
  more: object = {},
): KubernetesObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: 'mail',
    uid,
    creationTimestamp: MADE,
    labels: { 'app.kubernetes.io/component': 'backup' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'o', uid: owner, controller: true }],
  },
  ...more,
})

function storeOf(...objects: readonly KubernetesObject[]): Store {
  const store = new Store()
  store.replace(objects, '1')
  return store
}

const runWith = (...pods: readonly object[]) =>
  jobRuns(
    sender(),
    {
      cronJobs: storeOf(owned('CronJob', 'orders-backup-full', 'c', 'uid-orders')),
      jobs: storeOf(owned('Job', 'orders-backup-full-1', 'j', 'c', { status: { active: 1 } })),
      pods: storeOf(
        ...pods.map((status, index) => projectPod(owned('Pod', `p${index}`, `p${index}`, 'j', { status }))),
      ),
    },
    ['backup'],
  )[0]

const unschedulable = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
}
const ended = (finishedAt: string) => ({
  phase: 'Failed',
  containerStatuses: [{ state: { terminated: { finishedAt, message: '' } } }],
})

describe('a run', () => {
  it.each([
    { why: 'no pod was made', pods: [], idleSince: MADE },
    { why: 'its pod runs', pods: [{ containerStatuses: [{ state: { running: {} } }] }] },
    {
      why: 'no node takes its pod',
      pods: [unschedulable],
      idleSince: MADE,
      waits: 'cannot be scheduled: 0/1 nodes',
    },
    {
      why: 'its image cannot be pulled',
      pods: [{ containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'no such' } } }] }],
      idleSince: MADE,
      waits: 'cannot get image ',
    },
    {
      why: 'its pod begins',
      pods: [{ containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] }],
      idleSince: MADE,
    },
    {
      why: 'one attempt failed and the next has no pod',
      pods: [ended('2026-11-23T02:20:00Z')],
      idleSince: '2026-11-23T02:20:00Z',
    },
    {
      why: 'one attempt failed and the next runs',
      pods: [ended('2026-11-23T02:20:00Z'), { containerStatuses: [{ state: { running: {} } }] }],
    },
  ])('says since when nobody carries it out when $why', ({ pods, idleSince, waits }) => {
    const run = runWith(...pods)
    expect(run?.madeAt).toEqual(new Date(MADE))
    expect(run?.idleSince).toEqual(idleSince === undefined ? undefined : new Date(idleSince))
    expect(run?.waits).toBe(waits)
  })
})
