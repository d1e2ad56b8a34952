import { describe, expect, it } from 'vitest'
import type { KubernetesObject, ManagedFieldsEntry } from '../../runtime/object.ts'
import { children, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { autoscaler, scaleOf } from './scaling.ts'

const scaled = (worker: object) => sender({ spec: { ...SPEC, worker: { ...SPEC.worker, ...worker } } })
const automatic = scaled({ autoscaling: { minReplicas: 2, maxReplicas: 10 } })

const set = (manager: string): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  subresource: 'scale',
  fieldsV1: { 'f:spec': { 'f:replicas': {} } },
})

function deployment(replicas: number, ...managedFields: ManagedFieldsEntry[]): KubernetesObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'orders-worker', managedFields },
    spec: { replicas },
  }
}

const scale = (who: typeof automatic, ...live: KubernetesObject[]) =>
  scaleOf(snapshot({ sender: who, children: children(...live) }))

describe('the number of workers', () => {
  it('is what the spec says, whoever set another', () => {
    expect(scale(scaled({ replicas: 4 }))).toEqual({ wanted: 4, needed: 4, sent: 4 })
    expect(scale(scaled({}), deployment(7, set('kubectl')))).toEqual({ wanted: 2, needed: 2, sent: 2 })
  })

  it.each([
    { live: 1, sent: 2 },
    { live: 4, sent: 4 },
    { live: 40, sent: 10 },
  ])('stays at what it is when autoscaling is switched on: $live becomes $sent', ({ live, sent }) => {
    expect(scale(automatic, deployment(live, set('batchsender-operator')))).toMatchObject({ sent })
  })

  it('is the autoscaler’s once it has said one', () => {
    const live = deployment(6, set('kube-controller-manager'))
    expect(scale(automatic, live)).toEqual({ wanted: 6, needed: 2 })
  })
})

describe('the autoscaler', () => {
  it('is there when it is asked for', () => {
    expect(autoscaler(snapshot())).toBeUndefined()
    expect(autoscaler(snapshot({ sender: automatic }))?.spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 10,
      metrics: [{ resource: { target: { averageUtilization: 80 } } }],
    })
  })

  it('goes by the metrics of the user', () => {
    const metrics = [{ type: 'External', external: { metric: { name: 'backlog' } } }]
    const own = scaled({ autoscaling: { minReplicas: 1, maxReplicas: 2, metrics } })
    expect(autoscaler(snapshot({ sender: own }))?.spec.metrics).toBe(metrics)
  })
})
