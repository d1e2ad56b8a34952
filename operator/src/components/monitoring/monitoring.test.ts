import { describe, expect, it, vi } from 'vitest'
import type { MonitoringSpec } from '../../../../crds/schema/monitoring.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import { monitoring as check } from '../../checks/monitoring.ts'
import { children, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { monitoring } from './monitoring.ts'

const ALL: MonitoringSpec = { serviceMonitor: {}, rules: {}, dashboards: {} }
const who = (spec: MonitoringSpec | undefined) =>
  sender({
    spec: { ...SPEC, ...(spec && { monitoring: spec }) },
    status: { observedGeneration: 1 },
  })

function world(spec: MonitoringSpec | undefined, more: Partial<Snapshot> = {}): Snapshot {
  return snapshot({ sender: who(spec), ...more })
}

function made(given: Snapshot): readonly KubernetesObject[] {
  return monitoring.desired(given).flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
}

const ALL_MADE = made(world(ALL))
const [MONITOR, RULES, DASHBOARDS] = ALL_MADE as [KubernetesObject, KubernetesObject, KubernetesObject]
const without = (...gone: readonly KubernetesObject[]) =>
  children(...ALL_MADE.filter((object) => !gone.includes(object)))

describe('the ServiceMonitor of the workers', () => {
  it('leads to the port with their metrics, by their labels, and names the BatchSender in every series', () => {
    expect(made(world({ serviceMonitor: {} }))).toMatchObject([
      {
        apiVersion: 'monitoring.coreos.com/v1',
        metadata: { name: 'orders-worker' },
        spec: {
          selector: { matchLabels: { 'app.kubernetes.io/component': 'worker' } },
          endpoints: [
            {
              port: 'internal',
              path: '/metrics',
              interval: '30s',
              relabelings: [
                {
                  sourceLabels: ['__meta_kubernetes_service_label_app_kubernetes_io_instance'],
                  targetLabel: 'batchsender',
                },
              ],
            },
          ],
        },
      },
    ])
  })

  it('has the labels of the user, and none of them in the place of ours', () => {
    const labels = { release: 'prometheus', 'app.kubernetes.io/instance': 'another' }
    expect(made(world({ serviceMonitor: { labels, interval: '1m' } }))).toMatchObject([
      {
        metadata: { labels: { release: 'prometheus', 'app.kubernetes.io/instance': 'orders' } },
        spec: { endpoints: [{ interval: '1m' }] },
      },
    ])
  })
})

describe('the alerts', () => {
  it('are about this BatchSender, with its thresholds and runbooks', () => {
    const rules = { runbookBaseUrl: 'https://wiki.example.com/mail', thresholds: { backlog: 77 } }
    const text = JSON.stringify(made(world({ rules })))
    expect(text).toContain('batchsender_queue_depth{namespace=\\"mail\\",batchsender=\\"orders\\"}) > 77')
    expect(text).toContain('https://wiki.example.com/mail/backlog-high')
  })

  it('lead to our documents when nobody says otherwise', () => {
    expect(JSON.stringify(RULES)).toContain('https://batchsender.io/docs/runbooks/stuck-batches')
  })
})

describe('the dashboards', () => {
  it('are files of a ConfigMap with the label that sidecars look for, or those of the user', () => {
    expect(DASHBOARDS).toMatchObject({ kind: 'ConfigMap', metadata: { labels: { grafana_dashboard: '1' } } })
    const [chosen] = made(world({ dashboards: { labels: { board: 'x' }, annotations: { folder: 'Mail' } } }))
    expect(chosen).toMatchObject({ metadata: { labels: { board: 'x' }, annotations: { folder: 'Mail' } } })
    expect(chosen?.metadata.labels).not.toHaveProperty('grafana_dashboard')
  })

  it('of two BatchSenders stand beside each other', () => {
    const others = made(snapshot({ sender: { ...who({ dashboards: {} }), name: 'others' } }))
    const files = [DASHBOARDS, ...others].flatMap((map) =>
      Object.entries(map['data'] as Record<string, string>),
    )
    const uids = files.map(([, text]) => (JSON.parse(text) as { uid: string }).uid)
    expect(files.length).toBeGreaterThan(8)
    expect(new Set(files.map(([file]) => file)).size).toBe(files.length)
    expect(new Set(uids).size).toBe(files.length)
    expect(uids.filter((uid) => uid.length > 40)).toEqual([])
  })

  it('are printed once in a pass, and not at all for what needs their names alone', () => {
    const given = world({ dashboards: {} })
    const parse = vi.spyOn(JSON, 'parse')
    monitoring.verdict(given)
    expect(parse).not.toHaveBeenCalled()
    const [first, again] = [...made(given), ...made(given)]
    expect(again).toEqual(first)
    expect(parse).toHaveBeenCalledTimes(Object.keys(first?.['data'] as object).length)
    parse.mockRestore()
  })

  it('begin with the BatchSender that they are of', () => {
    const [text = ''] = Object.values(DASHBOARDS['data'] as Record<string, string>)
    expect(JSON.parse(text)).toMatchObject({
      title: expect.stringMatching(/: mail\/orders$/) as string,
      templating: {
        list: expect.arrayContaining([
          expect.objectContaining({ name: 'batchsender', current: { text: 'orders', value: 'orders' } }),
        ]) as unknown,
      },
    })
  })
})

describe('MonitoringReady', () => {
  const missing = (...kinds: readonly string[]) => ({ missingKinds: new Set(kinds) })
  it.each([
    ['nothing is asked for', world(undefined), 'True', 'NotConfigured'],
    ['an empty section', world({}), 'True', 'NotConfigured'],
    [
      'the cluster lacks a kind',
      world(ALL, { ...missing('PrometheusRule'), children: without(RULES) }),
      'True',
      'NotInstalled',
    ],
    [
      'the cluster lacks a kind, and something else is missing',
      world(ALL, missing('PrometheusRule')),
      'False',
      'Applying',
    ],
    ['nothing is there yet', world(ALL), 'False', 'Applying'],
    ['all is there', world(ALL, { children: without() }), 'True', 'Applied'],
  ])('%s', (_, given, status, reason) => {
    expect(monitoring.verdict(given)).toMatchObject({ status, reason })
  })

  it('writes nothing of a kind that is not there, and removes what is not wanted any more', () => {
    expect(made(world(ALL, missing('PrometheusRule', 'ServiceMonitor')))).toHaveLength(1)
    expect(monitoring.desired(world(undefined, { children: without() }))).toMatchObject([
      { type: 'absent', name: 'orders-worker' },
      { type: 'absent', name: 'orders-alerts' },
      { type: 'absent', name: 'orders-dashboards' },
    ])
  })
})

describe('the check monitoring', () => {
  const edited = { ...RULES, spec: { groups: [] } }
  const relabelled = { ...MONITOR, metadata: { ...MONITOR.metadata, labels: {} } }
  const more = { ...RULES, metadata: { ...RULES.metadata, annotations: { by: 'admission' } } }
  it.each([
    ['nothing is asked for', world(undefined), 'NotConfigured', /asks for no/],
    [
      'a kind is not installed',
      world(ALL, { missingKinds: new Set(['PrometheusRule']) }),
      'Failing',
      /no PrometheusRules/,
    ],
    [
      'all is there',
      world(ALL, { children: without() }),
      'Proven',
      /ServiceMonitor orders-worker, PrometheusRule orders-alerts, ConfigMap/,
    ],
    [
      'somebody adds to it',
      world(ALL, { children: new Map([...without(), ...children(more)]) }),
      'Proven',
      /./,
    ],
    [
      'the rules are removed',
      world(ALL, { children: without(RULES) }),
      'Failing',
      /^PrometheusRule orders-alerts is not there$/,
    ],
    [
      'the rules are emptied',
      world(ALL, { children: new Map([...without(), ...children(edited)]) }),
      'Failing',
      /^PrometheusRule orders-alerts is not as it was written$/,
    ],
    [
      'a label is taken away',
      world(ALL, { children: new Map([...without(), ...children(relabelled)]) }),
      'Failing',
      /^ServiceMonitor/,
    ],
    [
      'it was just asked for',
      { ...world(ALL), sender: { ...who(ALL), generation: 2 } },
      'Unknown',
      /is not there/,
    ],
  ] as const)('%s', (_, given, state, message) => {
    const proof = check.prove(given)
    expect([proof.state, proof.message]).toEqual([state, expect.stringMatching(message)])
  })
})
