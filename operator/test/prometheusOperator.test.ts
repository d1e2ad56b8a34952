/**
 * What prometheus-operator makes of our ServiceMonitors and PrometheusRules, and whether its admission takes the rules.
 * Only where it was built (`make peers`); that it was left out is told.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse, parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { binary } from '../../hack/cluster/binaries.ts'
import { prometheusOperator } from '../../hack/peers/prometheusOperator.ts'
import { run } from '../../hack/cluster/shell.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { monitoringKinds } from '../../hack/servers/monitoringKinds.ts'
import { freePort } from '../../hack/servers/ports.ts'
import { startProcess, untilReady, type ServerProcess } from '../../hack/servers/process.ts'
import { until } from '../../worker/test/until.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { ROOT } from './harness.ts'

const peer = await prometheusOperator()
if (peer === undefined)
  console.log(
    'LEFT OUT  operator/test/prometheusOperator.test.ts: prometheus-operator is not built (make peers)',
  )

const NAMESPACE = 'mail'

interface ScrapeConfig {
  readonly job_name: string
  readonly relabel_configs: readonly {
    readonly target_label?: string
    readonly source_labels?: readonly string[]
  }[]
  readonly honor_labels?: boolean
}

/** As the operator writes them for a BatchSender with everything, and those of config/monitoring. */
async function ours(): Promise<readonly KubernetesObject[]> {
  const files = [
    'operator/test/golden/full.yaml',
    'config/monitoring/objects/prometheusRule.yaml',
    'config/monitoring/operator/prometheusRule.yaml',
    'config/monitoring/operator/metrics.yaml',
  ]
  const texts = await Promise.all(files.map((file) => readFile(join(ROOT, file), 'utf8')))
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject))
    .filter(({ kind }) => ['ServiceMonitor', 'PrometheusRule'].includes(kind))
    .map(({ metadata: { name, labels }, ...object }) => ({
      ...object,
      metadata: { name, namespace: NAMESPACE, ...(labels && { labels }) },
    }))
}

describe.skipIf(peer === undefined)('prometheus-operator', () => {
  let plane: ControlPlane
  let kubectl: (args: readonly string[], input?: readonly object[]) => Promise<string>
  let operator: ServerProcess
  let objects: readonly KubernetesObject[]

  beforeAll(async () => {
    plane = await startControlPlane()
    const program = await binary('kubectl')
    kubectl = (args, input = []) =>
      run(program, ['--kubeconfig', plane.kubeconfig, ...args], {
        input: input.map((object) => JSON.stringify(object)).join('\n'),
      })
    const apply = ['apply', '--server-side', '-f', '-']
    await kubectl(apply, await monitoringKinds())
    await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
    await kubectl(['create', 'namespace', NAMESPACE])
    objects = await ours()
    await kubectl(apply, [
      ...objects,
      {
        apiVersion: 'monitoring.coreos.com/v1',
        kind: 'Prometheus',
        metadata: { name: 'all', namespace: NAMESPACE },
        spec: { serviceMonitorSelector: {}, ruleSelector: {} },
      },
    ])
    const port = await freePort()
    operator = startProcess(join(peer ?? '', 'operator'), [`--web.listen-address=127.0.0.1:${port}`], {
      env: { ...process.env, KUBECONFIG: plane.kubeconfig },
    })
    await untilReady(
      'prometheus-operator',
      operator,
      async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok,
    )
  })
  afterAll(async () => {
    await operator.stop()
    await plane.stop()
  })

  const untilMade = (kind: string, name: string) =>
    until(
      async () => {
        const text = await kubectl(['-n', NAMESPACE, 'get', kind, name, '-o', 'json'])
        return (JSON.parse(text) as { readonly data?: Readonly<Record<string, string>> }).data ?? {}
      },
      (data) => Object.keys(data).length > 0,
      () => operator.output().slice(-2_000),
    )

  it('has workers and operator scraped, with the labels that rules ask for', async () => {
    const data = await untilMade('secret', 'prometheus-all')
    const text = gunzipSync(Buffer.from(data['prometheus.yaml.gz'] ?? '', 'base64')).toString()
    const { scrape_configs: jobs } = parse(text) as { readonly scrape_configs: readonly ScrapeConfig[] }
    expect(jobs.map(({ job_name }) => job_name).sort()).toEqual([
      `serviceMonitor/${NAMESPACE}/batchsender-operator/0`,
      `serviceMonitor/${NAMESPACE}/orders-worker/0`,
    ])
    const [ofOperator, ofWorker] = [...jobs].sort((one, other) => (one.job_name < other.job_name ? -1 : 1))
    expect(ofOperator?.honor_labels).toBe(true)
    expect(ofWorker?.relabel_configs).toContainEqual(
      expect.objectContaining({
        source_labels: ['__meta_kubernetes_service_label_app_kubernetes_io_instance'],
        target_label: 'batchsender',
      }),
    )
    expect(ofWorker?.relabel_configs.map(({ target_label: label }) => label)).toContain('namespace')
  })

  it('hands every alert on', async () => {
    const files = Object.values(await untilMade('configmap', 'prometheus-all-rulefiles-0'))
    const handed = files.flatMap(
      (text) => (parse(text) as { groups: readonly { rules: readonly { alert: string }[] }[] }).groups,
    )
    const rules = objects.filter(({ kind }) => kind === 'PrometheusRule')
    const written = rules.flatMap(
      ({ spec }) => (spec as { groups: readonly { rules: readonly { alert: string }[] }[] }).groups,
    )
    const names = (groups: typeof handed) =>
      groups.flatMap((group) => group.rules.map(({ alert }) => alert)).sort()
    expect(rules).toHaveLength(3)
    expect(names(handed)).toEqual(names(written))
  })

  describe('its admission', () => {
    let webhook: ServerProcess
    let url: string

    beforeAll(async () => {
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      webhook = startProcess(join(peer ?? '', 'admission-webhook'), [
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-tls=false',
      ])
      await untilReady('the admission webhook', webhook, async () => (await fetch(`${url}/healthz`)).ok)
    })
    afterAll(() => webhook.stop())

    async function isAllowed(object: object): Promise<boolean> {
      const answer = await fetch(`${url}/admission-prometheusrules/validate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          request: {
            uid: '1',
            operation: 'CREATE',
            resource: { group: 'monitoring.coreos.com', version: 'v1', resource: 'prometheusrules' },
            object,
          },
        }),
      })
      return ((await answer.json()) as { response: { allowed: boolean } }).response.allowed
    }

    it('takes each of our rules, and not one with an expression that is none', async () => {
      const rules = objects.filter(({ kind }) => kind === 'PrometheusRule')
      expect(await Promise.all(rules.map(isAllowed))).toEqual(rules.map(() => true))
      const bad = JSON.parse(JSON.stringify(rules[0]).replace('max by (', 'max by ((')) as object
      expect(await isAllowed(bad)).toBe(false)
    })
  })
})
