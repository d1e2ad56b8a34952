/** A BatchSender with everything around it, in a namespace of its own in the local cluster, under the operator there. */
import { expect } from 'vitest'
import { ApiClient } from '../../operator/test/apiClient.ts'
import { contractBreaches } from '../../operator/src/testing/kstatus.ts'
import { ensureCluster, kubectl, script, type Cluster } from '../cluster/cluster.ts'
import { stateDir } from '../cluster/paths.ts'
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { installOperator, type Form } from '../demo/install.ts'
import { untilServed, type Endpoints } from '../demo/mail.ts'
import { untilSeenReady, type Seen } from '../demo/readiness.ts'
import { ensureSurroundings } from '../demo/surroundings.ts'
import { eventually } from './eventually.ts'
import { StatusWatch } from './statusWatch.ts'

export const NAME = 'orders'

/** This machine, as policies of the local cluster see it (hack/cluster/network.sh). */
export const FROM_HERE = { ipBlock: { cidr: '10.250.0.2/32' } }

/** Images may have to be loaded, and others start at the same time. */
const START_MS = 900_000

export interface Child {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly [field: string]: unknown
}

export interface EnvironmentOptions {
  readonly form?: Form
  readonly spec?: object
  readonly keep?: boolean
  readonly install?: (cluster: Cluster) => Promise<unknown>
}

export class Environment {
  readonly cluster: Cluster
  readonly namespace: string
  readonly #apiToken: string
  readonly #watch: StatusWatch
  /** For what is asked often: no program is started for it. */
  readonly #api: ApiClient

  private constructor(
    cluster: Cluster,
    api: ApiClient,
    namespace: string,
    apiToken: string,
    watch: StatusWatch,
  ) {
    this.cluster = cluster
    this.#api = api
    this.namespace = namespace
    this.#apiToken = apiToken
    this.#watch = watch
  }

  /**
   * Installs, applies, and waits until it is Ready.
   * @param keep takes a namespace that is there as it is
   * @param install another way of installing than the demo's
   */
  static async start(
    namespace: string,
    { form = 'cluster-wide', spec = {}, keep = false, install }: EnvironmentOptions = {},
  ) {
    const cluster = await ensureCluster()
    const wait = ['--ignore-not-found', '--wait=true', '--timeout=120s']
    if (!keep) await kubectl(cluster, ['delete', 'namespace', namespace, ...wait])
    const operatorNamespace = form === 'default' ? namespace : OPERATOR_NAMESPACE
    await (install ? install(cluster) : installOperator(cluster, form, operatorNamespace))
    const { apiToken } = await ensureSurroundings(cluster, namespace)
    const watch = new StatusWatch(cluster, namespace, NAME)
    await kubectl(
      cluster,
      ['-n', namespace, 'apply', '-f', '-'],
      JSON.stringify(batchSender(namespace, spec)),
    )
    const api = await ApiClient.with(cluster.kubeconfig)
    const environment = new Environment(cluster, api, namespace, apiToken, watch)
    await environment.untilReady(START_MS)
    return environment
  }

  async stop(): Promise<void> {
    this.#watch.stop()
    this.#api.close()
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

  async sender(): Promise<Seen> {
    const sender = await this.#api.get('batchsender', this.namespace, NAME)
    if (!sender) throw new Error(`there is no BatchSender ${NAME}`)
    return { status: {}, ...sender } as unknown as Seen
  }

  untilReady(deadlineMs?: number): Promise<Seen> {
    return untilSeenReady(NAME, () => this.sender(), deadlineMs === undefined ? {} : { deadlineMs })
  }

  /** No round of probes is under way, nor will one be soon. */
  async untilProbed(): Promise<void> {
    await eventually('a round of probes has ended', async () => {
      const { last, round, changedAt } = (await this.sender()).status.networkProbes ?? {}
      const jobs = await this.#api.list('jobs', this.namespace)
      const isProbing = jobs.some(({ metadata }) => metadata.labels?.['batchsender.io/probe'] !== undefined)
      return last && !round && changedAt === undefined && !isProbing ? true : undefined
    })
  }

  /** Of a Service, asked for every time: one that was made anew has another. */
  address(service: string): Promise<string> {
    return this.kubectl('get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}')
  }

  async secret(name: string, key: string): Promise<string> {
    const { data } = ((await this.get('secret', name)) ?? {}) as { data?: Record<string, string> }
    return Buffer.from(data?.[key] ?? '', 'base64').toString()
  }

  async check(name: string): Promise<{ readonly state: string; readonly message: string } | undefined> {
    return (await this.sender()).status.checks?.find((one) => one.name === name)
  }

  async endpoints(): Promise<Endpoints> {
    const apiUrl = `http://${await this.address(`${NAME}-worker`)}`
    const sinkUrl = `http://${await this.address('smtp-sink')}:8025`
    await Promise.all([untilServed(apiUrl), untilServed(sinkUrl)])
    return { apiUrl, apiToken: this.#apiToken, sinkUrl }
  }

  async get(kind: string, name: string): Promise<Child | undefined> {
    return (await this.#api.get(kind, this.namespace, name)) as Child | undefined
  }

  /** Every status that was seen since the start. */
  get statuses(): readonly Seen[] {
    return this.#watch.seen
  }

  /** The newest of them, for those who ask often: no program is started for it. None while there is no BatchSender. */
  get latest(): Seen | undefined {
    return this.#watch.latest
  }

  /** Names and uids of our pods: a roll changes them. */
  /** Those that have been deleted and have not ended yet. */
  async endingPods(): Promise<number> {
    const pods = await this.#api.list('pods', this.namespace)
    return pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length
  }

  async pods(): Promise<string[]> {
    const pods = await this.#api.list('pods', this.namespace)
    return pods
      .filter(({ metadata: { labels = {} } }) => {
        const isOurs = labels['app.kubernetes.io/instance'] === NAME
        return (
          isOurs &&
          labels['app.kubernetes.io/component'] !== 'migration' &&
          !('batchsender.io/probe' in labels)
        )
      })
      .map(({ metadata }) => `${metadata.name} ${metadata.uid ?? ''}`)
      .sort()
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
    return Number((await this.onVolume(claim, `grep -rlF '${text}' . | wc -l`)).trim()) > 0
  }

  /** Runs a command in the folder that is the volume of a claim. */
  async onVolume(claim: string, command: string): Promise<string> {
    const volume = await this.kubectl('get', 'pvc', claim, '-o', 'jsonpath={.spec.volumeName}')
    return script('exec', 'sh', '-c', `cd '${stateDir}/run/volumes/${volume}' && ${command}`)
  }

  /** SIGKILL to every process of a pod: no shutdown, no goodbye. */
  killPod(name: string): Promise<void> {
    return this.signalPod(name, 'KILL')
  }

  /** `STOP` freezes every process of a pod, `CONT` lets them go on. */
  async signalPod(name: string, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void> {
    const uid = await this.kubectl('get', 'pod', name, '-o', 'jsonpath={.metadata.uid}')
    // Some end with another one before it is their turn.
    const command = `for p in $(grep -ls 'pod${uid}' /proc/[0-9]*/cgroup | cut -d/ -f3); do case $(tr '\\0' ' ' < /proc/$p/cmdline) in *pause*) ;; *) kill -${signal} $p ;; esac; done 2>/dev/null; true`
    await script('exec', 'sh', '-c', command)
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
