/**
 * The whole operator as a process against a real API server. No controller-manager and no kubelet run here: where a
 * Job has to end, the test writes its status as they would; pods, and so NATS, are left to the e2e tests.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { BatchSenderStatus } from '../../crds/schema/status.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { FIRST_PAUSE_MS, nextPauseMs } from '../../hack/servers/pauses.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import type { ServerProcess } from '../../hack/servers/process.ts'
import { contractBreaches } from '../src/testing/kstatus.ts'
import { ApiClient } from './apiClient.ts'
import type { OperatorOptions, OperatorProcess } from './operatorProcess.ts'
import { batchSenderOf, boundToUser, KINDS, secretOf } from './objects.ts'
import { OPERATOR_USER, ROOT, startOperator, writesIn } from './operatorProcess.ts'

export { ROOT }

export type SeenStatus = BatchSenderStatus & { readonly generation: number }

export const condition = (seen: BatchSenderStatus, type: string) =>
  seen.conditions?.find((one) => one.type === type)

/** One control plane and one operator for a file of tests; one namespace for each test. */
export class Harness {
  #plane: ControlPlane | undefined
  #operator: OperatorProcess | undefined
  #api: ApiClient | undefined
  #kubectlPath = ''
  #namespace = ''
  #count = 0
  readonly #options: OperatorOptions

  constructor(options: OperatorOptions = {}) {
    this.#options = options
  }

  get plane(): ControlPlane {
    if (!this.#plane) throw new Error('the control plane was not started')
    return this.#plane
  }

  get operator(): ServerProcess {
    if (!this.#operator) throw new Error('the operator was not started')
    return this.#operator.server
  }

  get api(): ApiClient {
    if (!this.#api) throw new Error('the control plane was not started')
    return this.#api
  }

  /** Of the present test. */
  get namespace(): string {
    return this.#namespace
  }

  /** @param root of the sources of the operator and its manifests */
  async start(root = ROOT): Promise<void> {
    this.#plane = await startControlPlane()
    this.#api = await ApiClient.with(this.#plane.kubeconfig)
    this.#kubectlPath = await binary('kubectl')
    await this.kubectl(['create', 'namespace', 'batchsender-system'])
    await this.install(root)
    await this.startOperator(root)
  }

  /** The definition, and the rights of the manifests for the user as whom the operator comes here. */
  async install(root = ROOT): Promise<void> {
    await this.kubectl(['apply', '--server-side', '-k', join(root, 'crds')])
    await this.api.untilServed('batchsenders')
    const rights = await this.kubectl(['kustomize', join(root, 'config/rbac/cluster-wide')])
    const lease = await this.kubectl(['kustomize', join(root, 'config/rbac/common')])
    const manifests = boundToUser(`${rights}\n---\n${lease}`, OPERATOR_USER)
    await this.kubectl(['-n', 'batchsender-system', 'apply', '-f', '-'], manifests)
  }

  async startOperator(root = ROOT): Promise<void> {
    this.#operator = await startOperator(this.plane, root, this.#options)
  }

  /** What Prometheus is told, line by line. */
  async metrics(): Promise<readonly string[]> {
    return (await (await fetch(`${this.#operator?.url ?? ''}/metrics`)).text()).split('\n')
  }

  async stop(): Promise<void> {
    await this.#operator?.server.stop()
    this.#api?.close()
    await this.#plane?.stop()
  }

  async newNamespace(): Promise<void> {
    this.#count += 1
    this.#namespace = `test-${this.#count}`
    await this.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.#namespace } })
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    const all = ['--kubeconfig', this.plane.kubeconfig, ...args]
    return run(this.#kubectlPath, all, input === undefined ? {} : { input })
  }

  inNamespace(args: readonly string[], input?: string): Promise<string> {
    return this.kubectl(['-n', this.#namespace, ...args], input)
  }

  async apply(object: KubernetesObject): Promise<void> {
    await this.api.apply({ ...object, metadata: { namespace: this.#namespace, ...object.metadata } })
  }

  secret(name: string, texts: Readonly<Record<string, string>>) {
    return secretOf(this.#namespace, name, texts)
  }

  batchSender(spec: object = {}, name = 'orders') {
    return batchSenderOf(this.#namespace, name, spec)
  }

  async applySecrets(): Promise<void> {
    await this.apply(this.secret('api-tokens', { alice: 'sha256:00' }))
    await this.apply(this.secret('postgres', { url: 'postgres://u:canary-password@db/x' }))
  }

  /** What a Secret has under a key; empty when it has not. */
  async secretText({ name = '', key }: { readonly name?: string; readonly key: string }): Promise<string> {
    const secret = (await this.get('secret', name)) as { data?: Record<string, string> } | undefined
    return Buffer.from(secret?.data?.[key] ?? '', 'base64').toString()
  }

  get(kind: string, name: string): Promise<KubernetesObject | undefined> {
    return this.api.get(kind, this.#namespace, name)
  }

  /** Whatever status is ever seen keeps the contract. */
  async status(name = 'orders'): Promise<SeenStatus> {
    const object = await this.get('batchsender', name)
    if (!object) throw new Error(`there is no BatchSender ${name}`)
    const { generation = 0 } = object.metadata
    const status = (object['status'] ?? {}) as BatchSenderStatus
    if (status.conditions) expect(contractBreaches(generation, status)).toEqual([])
    return { ...status, generation }
  }

  async eventually<Result>(
    what: string,
    look: () => Promise<Result | undefined>,
    deadlineMs = 120_000,
  ): Promise<Result> {
    const until = Date.now() + deadlineMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = nextPauseMs(pauseMs, 400)) {
      const result = await look()
      if (result !== undefined) return result
      if (Date.now() > until) {
        const seen = await this.inNamespace(['get', 'bs', '-o', 'yaml']).catch(String)
        throw new Error(`${what}: not seen in time\n${seen}\n${this.operator.output()}`)
      }
      await sleep(pauseMs)
    }
  }

  untilCondition(type: string, value: string, reason: string) {
    return this.eventually(`${type}=${value} ${reason}`, async () => {
      const found = condition(await this.status(), type)
      return found?.status === value && found.reason === reason ? found : undefined
    })
  }

  /** Has the operator look now instead of at its next round. */
  async hurry(name = 'orders'): Promise<void> {
    const annotations = { 'batchsender.io/requestedAt': new Date().toISOString() }
    await this.api.patch(
      { kind: 'batchsender', namespace: this.#namespace, name },
      { metadata: { annotations } },
    )
  }

  /** As the Job controller would, had the pod run. */
  async completeMigration(): Promise<void> {
    const name = await this.eventually('the migration Job', async () => {
      const [job] = await this.api.list('jobs', this.#namespace)
      return job?.metadata.name
    })
    const now = new Date().toISOString()
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    }))
    await this.api.patch(
      { kind: 'job', namespace: this.#namespace, name, subresource: 'status' },
      { status: { startTime: now, completionTime: now, succeeded: 1, conditions } },
    )
  }

  async bringUp(): Promise<void> {
    await this.applySecrets()
    await this.apply(this.batchSender())
    await this.completeMigration()
    await this.eventually('the Deployment', () => this.get('deployment', 'orders-worker'))
  }

  /** Every observer has looked once, however long that took: until then a status at rest is only one that waits. */
  async looked(name = 'orders'): Promise<void> {
    await this.eventually('the first looks', async () => {
      const { checks = [] } = await this.status(name)
      return checks.length > 0 && checks.every(({ message }) => !message.endsWith(' yet')) ? true : undefined
    })
  }

  /** Of everything in the namespace of the present test. */
  async versions(): Promise<string> {
    const kinds = [...KINDS, 'batchsenders'].map((kind) => this.api.list(kind, this.#namespace))
    return (await Promise.all(kinds))
      .flat()
      .map(({ kind, metadata }) => `${kind}/${metadata.name} ${metadata.resourceVersion ?? ''}`)
      .join('\n')
  }

  /** Versions once nothing has changed for three seconds. */
  async settled(): Promise<string> {
    let last = await this.versions()
    for (let quiet = 0; quiet < 6; quiet += 1) {
      await sleep(500)
      const now = await this.versions()
      if (now !== last) quiet = 0
      last = now
    }
    return last
  }

  /** Writes of the operator as the audit log has them, without its lease. */
  operatorWrites(): Promise<string[]> {
    return writesIn(this.plane)
  }
}
