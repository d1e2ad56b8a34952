/** A BatchSender with everything around it, in a namespace of its own in the local cluster, under the operator there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { spawn, type ChildProcess } from 'node:child_process'
import { expect } from 'vitest'
import { contractBreaches } from '../../operator/src/testing/kstatus.ts'
import { ensureCluster, kubectl, script, type Cluster } from '../cluster/cluster.ts'
import { stateDir } from '../cluster/paths.ts'
import { installOperator, OPERATOR_NAMESPACE, type Form } from '../demo/install.ts'
import { untilServed, type Endpoints } from '../demo/mail.ts'
import { readSender, untilReady, type Seen } from '../demo/readiness.ts'
import { ensureSurroundings } from '../demo/surroundings.ts'

export const NAME = 'orders'

/** This machine, as policies of the local cluster see it (hack/cluster/network.sh). */
export const FROM_HERE = { ipBlock: { cidr: '10.250.0.2/32' } }

export interface Child {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly [field: string]: unknown
}

export class Environment {
  readonly cluster: Cluster
  readonly namespace: string
  readonly #apiToken: string
  readonly #watch: StatusWatch

  private constructor(cluster: Cluster, namespace: string, apiToken: string, watch: StatusWatch) {
    this.cluster = cluster
    this.namespace = namespace
    this.#apiToken = apiToken
    this.#watch = watch
  }

  /** Installs, applies, and waits until it is Ready. */
  static async start(
    namespace: string,
    { form = 'cluster-wide', spec = {} }: { form?: Form; spec?: object } = {},
  ) {
    const cluster = await ensureCluster()
    await kubectl(cluster, [
      'delete',
      'namespace',
      namespace,
      '--ignore-not-found',
      '--wait=true',
      '--timeout=120s',
    ])
    const operatorNamespace = form === 'default' ? namespace : OPERATOR_NAMESPACE
    await installOperator(cluster, form, operatorNamespace)
    const { apiToken } = await ensureSurroundings(cluster, namespace)
    const watch = new StatusWatch(cluster, namespace)
    await kubectl(
      cluster,
      ['-n', namespace, 'apply', '-f', '-'],
      JSON.stringify(batchSender(namespace, spec)),
    )
    await untilReady(cluster, namespace, NAME)
    return new Environment(cluster, namespace, apiToken, watch)
  }

  async stop(): Promise<void> {
    this.#watch.stop()
    await kubectl(this.cluster, ['delete', 'namespace', this.namespace, '--wait=false'])
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return kubectl(this.cluster, ['-n', this.namespace, ...args])
  }

  apply(object: object): Promise<string> {
    return kubectl(this.cluster, ['-n', this.namespace, 'apply', '-f', '-'], JSON.stringify(object))
  }

  /** What the cluster-wide operator wrote since it started. */
  operatorLog(): Promise<string> {
    return kubectl(this.cluster, ['-n', OPERATOR_NAMESPACE, 'logs', 'deployment/batchsender-operator'])
  }

  sender(): Promise<Seen> {
    return readSender(this.cluster, this.namespace, NAME)
  }

  untilReady(): Promise<Seen> {
    return untilReady(this.cluster, this.namespace, NAME)
  }

  /** Asked for every time: a Service that was made anew has another address. */
  async endpoints(): Promise<Endpoints> {
    const address = (service: string) =>
      this.kubectl('get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}')
    const apiUrl = `http://${await address(`${NAME}-worker`)}`
    const sinkUrl = `http://${await address('smtp-sink')}:8025`
    await Promise.all([untilServed(apiUrl), untilServed(sinkUrl)])
    return { apiUrl, apiToken: this.#apiToken, sinkUrl }
  }

  async get(kind: string, name: string): Promise<Child | undefined> {
    const text = await this.kubectl('get', kind, name, '--ignore-not-found', '-o', 'json')
    return text.trim() === '' ? undefined : (JSON.parse(text) as Child)
  }

  /** Every status that was seen since the start. */
  get statuses(): readonly Seen[] {
    return this.#watch.seen
  }

  /** Names and uids of our pods: a roll changes them. */
  async pods(): Promise<string[]> {
    const text = await this.kubectl(
      'get',
      'pods',
      '-l',
      `app.kubernetes.io/instance=${NAME},app.kubernetes.io/component!=migration`,
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}',
    )
    return text.trim().split('\n').sort()
  }

  /** Kinds, names and resource versions of everything of ours. */
  versions(): Promise<string> {
    return this.kubectl(
      'get',
      'bs,secrets,configmaps,services,serviceaccounts,statefulsets,poddisruptionbudgets,networkpolicies,jobs,deployments',
      '-o',
      'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
    )
  }

  /** Whether some file on the volume of a claim has the text in it. */
  async volumeHolds(claim: string, text: string): Promise<boolean> {
    const volume = await this.kubectl('get', 'pvc', claim, '-o', 'jsonpath={.spec.volumeName}')
    const count = await script(
      'exec',
      'sh',
      '-c',
      `grep -rlF '${text}' '${stateDir}/run/volumes/${volume}' | wc -l`,
    )
    return Number(count.trim()) > 0
  }

  /** SIGKILL to every process of a pod: no shutdown, no goodbye. */
  async killPod(name: string): Promise<void> {
    const uid = await this.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}')
    const command = `for p in $(grep -ls 'pod${uid}' /proc/[0-9]*/cgroup | cut -d/ -f3); do case $(tr '\\0' ' ' < /proc/$p/cmdline) in *pause*) ;; *) kill -9 $p ;; esac; done`
    await script('exec', 'sh', '-c', command)
  }
}

/** Follows the statuses of one namespace from the first one on. */
class StatusWatch {
  readonly seen: Seen[] = []
  readonly #child: ChildProcess

  constructor({ kubectl: program, kubeconfig }: Cluster, namespace: string) {
    const args = [
      '--kubeconfig',
      kubeconfig,
      '-n',
      namespace,
      'get',
      'bs',
      '--watch',
      '-o',
      'jsonpath={}{"\\n"}',
    ]
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let rest = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines.filter(Boolean)) this.seen.push(JSON.parse(line) as Seen)
    })
  }

  stop(): void {
    this.#child.kill()
  }
}

export function expectContract(statuses: readonly Seen[]): void {
  const judged = statuses.filter(({ status }) => status.conditions)
  expect(judged.length).toBeGreaterThan(0)
  for (const { metadata, status } of judged) expect(contractBreaches(metadata.generation, status)).toEqual([])
}

export function batchSender(namespace: string, spec: object = {}) {
  return {
    apiVersion: 'batchsender.io/v1alpha1',
    kind: 'BatchSender',
    metadata: { name: NAME, namespace },
    spec: {
      worker: {
        replicas: 2,
        provider: { smtp: { host: `smtp-sink.${namespace}.svc.cluster.local`, port: 2525, tls: 'Disabled' } },
        http: { tokensSecretRef: { name: 'api-tokens' } },
      },
      postgres: { credentialsSecretRef: { name: 'postgres' } },
      nats: { managed: { replicas: 1, storage: { size: '1Gi' } } },
      clickhouse: {
        external: {
          url: `http://clickhouse.${namespace}.svc.cluster.local:8123`,
          insecure: true,
          credentialsSecretRef: { name: 'clickhouse' },
        },
      },
      network: {
        // The tests send and look from this machine.
        clients: [FROM_HERE],
        natsClients: [FROM_HERE],
        egress: { postgres: [{ podSelector: { matchLabels: { app: 'postgres' } } }] },
      },
      ...spec,
    },
  }
}

/** Asks until there is an answer. @throws Error naming what was waited for. */
export async function eventually<Result>(
  what: string,
  look: () => Promise<Result | undefined>,
  deadlineMs = 120_000,
  pauseMs = 100,
): Promise<Result> {
  const until = Date.now() + deadlineMs
  for (;;) {
    const result = await look()
    if (result !== undefined) return result
    if (Date.now() > until) throw new Error(`not seen in ${deadlineMs / 1000} s: ${what}`)
    await sleep(pauseMs)
  }
}
