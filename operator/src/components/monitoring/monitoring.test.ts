import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import { children, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { monitoring } from './monitoring.ts'

const who = (serviceMonitor?: object) =>
  sender({ spec: { ...SPEC, monitoring: serviceMonitor ? { serviceMonitor } : {} } })

function world(serviceMonitor: object | undefined, more: Partial<Snapshot> = {}): Snapshot {
  return snapshot({ sender: who(serviceMonitor), ...more })
}

function made(given: Snapshot): KubernetesObject | undefined {
  const [desired] = monitoring.desired(given)
  return desired?.type === 'object' ? desired.object : undefined
}

const there = children(made(world({})) ?? expect.fail())
const missingKinds = new Set(['ServiceMonitor'])

describe('the ServiceMonitor of the workers', () => {
  it('leads to the port with their metrics, by their labels', () => {
    expect(made(world({}))).toMatchObject({
      apiVersion: 'monitoring.coreos.com/v1',
      metadata: { name: 'orders-worker' },
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/component': 'worker' } },
        endpoints: [{ port: 'internal', path: '/metrics', interval: '30s' }],
      },
    })
  })

  it('has the labels of the user, and none of them in the place of ours', () => {
    const labels = { release: 'prometheus', 'app.kubernetes.io/instance': 'another' }
    expect(made(world({ labels, interval: '1m' }))).toMatchObject({
      metadata: { labels: { release: 'prometheus', 'app.kubernetes.io/instance': 'orders' } },
      spec: { endpoints: [{ interval: '1m' }] },
    })
  })

  it.each([
    ['is not asked for', world(undefined), 'True', 'NotConfigured', 0],
    ['has no kind in the cluster', world({}, { missingKinds }), 'True', 'NotInstalled', 0],
    ['is not there yet', world({}), 'False', 'Applying', 1],
    ['is there', world({}, { children: there }), 'True', 'Applied', 1],
  ])('%s', (_, given, status, reason, steps) => {
    expect(monitoring.verdict(given)).toMatchObject({ status, reason })
    expect(monitoring.desired(given)).toHaveLength(steps)
  })

  it('goes with the wish for it', () => {
    expect(monitoring.desired(world(undefined, { children: there }))).toMatchObject([
      { type: 'absent', name: 'orders-worker' },
    ])
  })
})
