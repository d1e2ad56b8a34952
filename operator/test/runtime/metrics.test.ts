/** What a Prometheus makes of /metrics, by its own parser and its own linter. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { Counter, Gauge, Histogram } from 'prom-client'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtModule } from '../../../hack/cluster/binaries.ts'
import { Controller } from '../../src/runtime/controller.ts'
import { ApiError, Terminal, Waiting } from '../../src/runtime/errors.ts'
import { objectMetrics } from '../../src/objectMetrics.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { Applier } from '../../src/runtime/apply.ts'
import { serveProbes } from '../../src/runtime/probes.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { createTransport } from '../../src/runtime/transport.ts'
import { event, fakeApi, HANG, listEnd } from '../../src/runtime/testing/fakeApi.ts'
import { describedMetrics } from '../../../hack/generate/metricsDocs.ts'
import { openMetrics } from '../../../worker/src/metrics.ts'
import { CONFIG_MAP, SILENT, until, WIDGET } from './harness.ts'

interface Report {
  readonly families: Readonly<
    Record<string, { readonly type: string; readonly labels: readonly string[]; readonly series: number }>
  >
  readonly problems: readonly string[]
}

let promcheck: string
let exposed: string
let report: Report

/** @throws Error with the parser's words when it is no text that Prometheus can read. */
async function check(metrics: string): Promise<Report> {
  const child = spawn(promcheck, { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(metrics)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [output, fault] = await Promise.all([text(child.stdout), text(child.stderr)])
  if ((await ended) !== 0) throw new Error(fault)
  return JSON.parse(output) as Report
}

/** Everything that there are series of. */
const OBJECT: KubernetesObject = {
  apiVersion: 'batchsender.io/v1alpha1',
  kind: 'BatchSender',
  metadata: { name: 'orders', namespace: 'mail' },
  spec: {
    nats: { managed: {} },
    clickhouse: { external: { url: 'https://c' }, backup: { destination: {} } },
  },
  status: {
    conditions: [{ type: 'Ready', status: 'True', reason: 'Ready' }],
    checks: [{ name: 'backup-fresh', state: 'Proven' }],
    evidence: {
      natsTls: { expiresAt: '2026-11-24T00:00:00Z', caExpiresAt: '2027-11-24T00:00:00Z' },
      backup: {
        last: { completedAt: '2026-11-23T11:00:00Z' },
        verified: { completedAt: '2026-11-23T04:00:00Z' },
      },
    },
  },
}

const stop = new AbortController()
let working: Promise<void>

beforeAll(async () => {
  const folder = await builtModule('promcheck', { folder: 'promcheck', binaries: { promcheck: '.' } })
  promcheck = join(folder, 'promcheck')
  const metrics = createMetrics()
  const namespaces = ['n']
  /** One of each end that a pass can come to. */
  const ends = [
    new Terminal('Invalid', 'no'),
    new Waiting('NotYet', 3_600_000),
    new ApiError(409, undefined),
    new TypeError('x is not a function'),
  ]
  const names = ['good', ...ends.map((_, index) => `bad-${index}`)]
  const controller: Controller = new Controller({
    name: 'widget',
    transport: fakeApi([
      { parts: [...names.map((name, index) => event('ADDED', name, index + 1)), listEnd(9), HANG] },
      { parts: [listEnd(9), HANG] },
    ]),
    primary: WIDGET,
    watches: [{ resource: CONFIG_MAP }],
    namespaces,
    metrics,
    log: SILENT,
    reconcile: (key) => {
      const end = ends[Number(key.split('-')[1])]
      return end ? Promise.reject(end) : Promise.resolve({})
    },
  })
  await controller.startCaches(stop.signal)
  working = controller.work(stop.signal)
  metrics.leader.set({ name: 'operator' }, 1)
  const unreachable = createTransport(
    { server: 'https://127.0.0.1:1', tls: () => ({}), authorization: () => undefined },
    metrics,
  )
  const applier = new Applier({
    transport: unreachable,
    fieldManager: 'us',
    storeOf: (resource) => controller.store(resource),
    metrics,
  })
  const child = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' } }
  const owner = { apiVersion: 'v1', kind: 'Widget', name: 'good', uid: 'u' }
  await applier.apply(CONFIG_MAP, child, owner, AbortSignal.timeout(2_000)).catch(() => undefined)
  unreachable.close()
  const probes = await serveProbes({
    port: 0,
    registry: metrics.registry,
    beside: () => objectMetrics([OBJECT]),
    isHealthy: () => true,
    isReady: () => true,
  })
  await until('every end was come to', async () => {
    const { values } = await metrics.passes.get()
    return values.every(({ value }) => value > 0)
  })
  exposed = await (await fetch(`http://127.0.0.1:${probes.port}/metrics`)).text()
  await probes.close()
  report = await check(exposed)
})
afterAll(async () => {
  stop.abort()
  await working
})

describe('what Prometheus reads', () => {
  it.each([
    ['rest_client_requests_total', 'COUNTER', ['code', 'method']],
    ['controller_runtime_reconcile_total', 'COUNTER', ['controller', 'result']],
    ['controller_runtime_reconcile_errors_total', 'COUNTER', ['controller']],
    ['controller_runtime_terminal_reconcile_errors_total', 'COUNTER', ['controller']],
    ['controller_runtime_reconcile_panics_total', 'COUNTER', ['controller']],
    ['controller_runtime_reconcile_time_seconds', 'HISTOGRAM', ['controller']],
    ['controller_runtime_active_workers', 'GAUGE', ['controller']],
    ['controller_runtime_max_concurrent_reconciles', 'GAUGE', ['controller']],
    ['workqueue_depth', 'GAUGE', ['name']],
    ['workqueue_unfinished_work_seconds', 'GAUGE', ['name']],
    ['workqueue_longest_running_processor_seconds', 'GAUGE', ['name']],
    ['workqueue_adds_total', 'COUNTER', ['name']],
    ['workqueue_retries_total', 'COUNTER', ['name']],
    ['workqueue_queue_duration_seconds', 'HISTOGRAM', ['name']],
    ['workqueue_work_duration_seconds', 'HISTOGRAM', ['name']],
    ['batchsender_operator_reflector_lists_total', 'COUNTER', ['kind', 'namespace']],
    ['batchsender_operator_reflector_watch_errors_total', 'COUNTER', ['kind', 'namespace']],
    ['batchsender_operator_reflector_last_contact_timestamp_seconds', 'GAUGE', ['kind', 'namespace']],
    ['batchsender_operator_reflector_lag_seconds', 'GAUGE', ['kind', 'namespace']],
    ['batchsender_operator_reflector_blind_seconds_total', 'COUNTER', ['kind', 'namespace']],
    ['batchsender_operator_apply_total', 'COUNTER', ['kind', 'result']],
    ['leader_election_master_status', 'GAUGE', ['name']],
    ['batchsender_status_condition', 'GAUGE', ['batchsender', 'namespace', 'reason', 'status', 'type']],
    ['batchsender_status_check', 'GAUGE', ['batchsender', 'check', 'namespace', 'state']],
    [
      'batchsender_certificate_not_after_timestamp_seconds',
      'GAUGE',
      ['batchsender', 'certificate', 'namespace'],
    ],
    ['batchsender_certificate_renewal_late_seconds', 'GAUGE', ['batchsender', 'namespace']],
    ['batchsender_backup_completed_timestamp_seconds', 'GAUGE', ['batchsender', 'namespace']],
    ['batchsender_backup_verified_timestamp_seconds', 'GAUGE', ['batchsender', 'namespace']],
    ['batchsender_backup_max_age_seconds', 'GAUGE', ['batchsender', 'namespace']],
    ['batchsender_suspended', 'GAUGE', ['batchsender', 'namespace']],
  ])('has %s as a %s by %j', (name, type, labels) => {
    expect(report.families[name]).toMatchObject({ type, labels })
  })

  it('has a series for each kind and namespace that is watched', () => {
    expect(report.families['batchsender_operator_reflector_lag_seconds']?.series).toBe(2)
  })

  it('finds nothing to complain about', () => {
    expect(report.problems).toEqual([])
  })

  it('is nothing else, so that no metric goes unnamed here', () => {
    expect(Object.keys(report.families)).toHaveLength(30)
  })
})

describe('what Prometheus reads of a worker', () => {
  it('is nothing to complain about, and all that docs/metrics.md has of it', async () => {
    const { registry, ...metrics } = openMetrics()
    for (const metric of Object.values(metrics)) seriesOf(metric)
    const { families, problems } = await check(await registry.metrics())
    expect(problems).toEqual([])
    const { worker } = describedMetrics()
    for (const { name, type, labels } of worker)
      expect(families[name]).toMatchObject({ type: type.toUpperCase(), labels: [...labels].sort() })
  })
})

/** One with some value of each label. */
function seriesOf(metric: Counter | Gauge | Histogram): void {
  const { labelNames } = metric as unknown as { readonly labelNames: readonly string[] }
  const labels = Object.fromEntries(labelNames.map((name) => [name, 'x']))
  if ('observe' in metric) metric.observe(labels, 1)
  else metric.inc(labels)
}

describe('the check', () => {
  it('refuses what is no text of Prometheus', async () => {
    await expect(check(`${exposed}a b c d\n`)).rejects.toThrow('text format parsing error')
    await expect(check(`${exposed}# TYPE workqueue_depth gauge\n`)).rejects.toThrow('workqueue_depth')
  })

  it('complains about a counter without its ending', async () => {
    const { problems } = await check('# HELP requests Requests.\n# TYPE requests counter\nrequests 1\n')
    expect(problems).toEqual([expect.stringContaining('_total')])
  })
})
