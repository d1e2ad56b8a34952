/**
 * The whole operator as a process against a real API server. No controller-manager and no kubelet run here: where a
 * Job has to end, the test writes its status as they would; pods, and so NATS, are left to the e2e tests.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import { expect } from 'vitest'
import type { BatchSenderStatus } from '../../crds/schema/status.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { freePort, startProcess, untilReady, type ServerProcess } from '../../hack/servers/process.ts'
import { contractBreaches } from '../src/testing/kstatus.ts'

export const ROOT = join(import.meta.dirname, '../..')
const USER = 'batchsender-operator'

export interface Child {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly [field: string]: unknown
}

export type SeenStatus = BatchSenderStatus & { readonly generation: number }

export const condition = (seen: BatchSenderStatus, type: string) =>
  seen.conditions?.find((one) => one.type === type)

export const KINDS =
  'secrets,configmaps,services,serviceaccounts,statefulsets,poddisruptionbudgets,networkpolicies,jobs,deployments'

/** One control plane and one operator for a file of tests; one namespace for each test. */
export class Harness {
  #plane: ControlPlane | undefined
  #operator: ServerProcess | undefined
  #kubectlPath = ''
  #namespace = ''
  #count = 0

  get plane(): ControlPlane {
    if (!this.#plane) throw new Error('the control plane was not started')
    return this.#plane
  }

  get operator(): ServerProcess {
    if (!this.#operator) throw new Error('the operator was not started')
    return this.#operator
  }

  /** Of the present test. */
  get namespace(): string {
    return this.#namespace
  }

  async start(): Promise<void> {
    this.#plane = await startControlPlane()
    this.#kubectlPath = await binary('kubectl')
    await this.kubectl(['apply', '--server-side', '-k', join(ROOT, 'crds')])
    const crd = 'crd/batchsenders.batchsender.io'
    await this.kubectl(['wait', '--for=condition=Established', crd, '--timeout=30s'])
    await this.kubectl(['create', 'namespace', 'batchsender-system'])
    // The rights of the manifests, for the user as whom the operator comes here.
    const rights = await this.kubectl(['kustomize', join(ROOT, 'config/rbac/cluster-wide')])
    const lease = await this.kubectl(['kustomize', join(ROOT, 'config/rbac/common')])
    const manifests = boundToUser(`${rights}\n---\n${lease}`)
    await this.kubectl(['-n', 'batchsender-system', 'apply', '-f', '-'], manifests)
    await this.startOperator()
  }

  async startOperator(): Promise<void> {
    const port = await freePort()
    const node = join(ROOT, 'node_modules/.bin/node')
    const started = startProcess(node, [join(ROOT, 'operator/src/main.ts')], {
      env: {
        ...process.env,
        KUBECONFIG: await this.plane.kubeconfigFor({ name: USER }),
        PROBE_PORT: String(port),
        DIAL_LOOPBACK: 'true',
      },
    })
    const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok
    await untilReady('the operator', started, isReady)
    this.#operator = started
  }

  async stop(): Promise<void> {
    await this.#operator?.stop()
    await this.#plane?.stop()
  }

  async newNamespace(): Promise<void> {
    this.#count += 1
    this.#namespace = `test-${this.#count}`
    await this.kubectl(['create', 'namespace', this.#namespace])
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    const all = ['--kubeconfig', this.plane.kubeconfig, ...args]
    return run(this.#kubectlPath, all, input === undefined ? {} : { input })
  }

  inNamespace(args: readonly string[], input?: string): Promise<string> {
    return this.kubectl(['-n', this.#namespace, ...args], input)
  }

  apply(object: object): Promise<string> {
    return this.inNamespace(['apply', '-f', '-'], JSON.stringify(object))
  }

  secret(name: string, stringData: Readonly<Record<string, string>>) {
    return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: this.#namespace }, stringData }
  }

  batchSender(spec: object = {}, name = 'orders') {
    return {
      apiVersion: 'batchsender.io/v1alpha1',
      kind: 'BatchSender',
      metadata: { name, namespace: this.#namespace },
      spec: {
        worker: {
          provider: { smtp: { host: 'mail.example.com' } },
          http: { tokensSecretRef: { name: 'api-tokens' } },
        },
        postgres: { credentialsSecretRef: { name: 'postgres' } },
        nats: { managed: {} },
        ...spec,
      },
    }
  }

  async applySecrets(): Promise<void> {
    await this.apply(this.secret('api-tokens', { alice: 'sha256:00' }))
    await this.apply(this.secret('postgres', { url: 'postgres://u:canary-password@db/x' }))
  }

  async get(kind: string, name: string): Promise<Child | undefined> {
    const text = await this.inNamespace(['get', kind, name, '--ignore-not-found', '-o', 'json'])
    return text.trim() === '' ? undefined : (JSON.parse(text) as Child)
  }

  /** Whatever status is ever seen keeps the contract. */
  async status(name = 'orders'): Promise<SeenStatus> {
    const object = JSON.parse(await this.inNamespace(['get', 'bs', name, '-o', 'json'])) as {
      metadata: { generation: number }
      status: BatchSenderStatus
    }
    if (object.status.conditions)
      expect(contractBreaches(object.metadata.generation, object.status)).toEqual([])
    return { ...object.status, generation: object.metadata.generation }
  }

  async eventually<Result>(
    what: string,
    look: () => Promise<Result | undefined>,
    deadlineMs = 45_000,
  ): Promise<Result> {
    const until = Date.now() + deadlineMs
    for (;;) {
      const result = await look()
      if (result !== undefined) return result
      if (Date.now() > until) {
        const seen = JSON.stringify(await this.status(), null, 1)
        throw new Error(`${what}: not seen in time\n${seen}\n${this.operator.output()}`)
      }
      await sleep(50)
    }
  }

  untilCondition(type: string, value: string, reason: string) {
    return this.eventually(`${type}=${value} ${reason}`, async () => {
      const found = condition(await this.status(), type)
      return found?.status === value && found.reason === reason ? found : undefined
    })
  }

  /** As the Job controller would, had the pod run. */
  async completeMigration(): Promise<void> {
    const name = await this.eventually('the migration Job', async () => {
      const list = await this.inNamespace(['get', 'jobs', '-o', 'jsonpath={.items[*].metadata.name}'])
      return list === '' ? undefined : list
    })
    const now = new Date().toISOString()
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    }))
    const patch = { status: { startTime: now, completionTime: now, succeeded: 1, conditions } }
    const arguments_ = ['patch', 'job', name, '--subresource=status', '--type=merge']
    await this.inNamespace([...arguments_, '-p', JSON.stringify(patch)])
  }

  async bringUp(): Promise<void> {
    await this.applySecrets()
    await this.apply(this.batchSender())
    await this.completeMigration()
    await this.eventually('the Deployment', () => this.get('deployment', 'orders-worker'))
  }

  /** Of everything in the namespace of the present test. */
  versions(): Promise<string> {
    return this.inNamespace([
      'get',
      `${KINDS},bs`,
      '-o',
      'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    ])
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
  async operatorWrites(): Promise<string[]> {
    return (await this.plane.audit())
      .filter(
        ({ user, verb, objectRef }) =>
          user.username === USER &&
          !['get', 'list', 'watch'].includes(verb) &&
          objectRef?.resource !== 'leases',
      )
      .map(
        ({ verb, objectRef }) =>
          `${verb} ${objectRef?.resource ?? ''}/${objectRef?.name ?? ''}/${objectRef?.subresource ?? ''} in ${objectRef?.namespace ?? ''}`,
      )
  }
}

/** The same manifests with a user in place of the service account. */
function boundToUser(manifests: string): string {
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: USER }]
  return parseAllDocuments(manifests)
    .map((document) => document.toJS() as object)
    .map((object) => JSON.stringify('subjects' in object ? { ...object, subjects } : object))
    .join('\n---\n')
}
