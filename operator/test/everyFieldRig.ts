/**
 * A BatchSender made from `config/samples/full.yaml` that is Ready, and edits of it, one field after the other. Pods of
 * workers and Jobs are played by `controllers.ts`. NATS is real: a server of the user's for the fields of everything else;
 * for those of managed NATS its three and five nodes as `natsPods.ts` runs them.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { SECOND_VALUES } from '../../crds/testing/secondValues.ts'
import { gatewayDefinitions } from '../../hack/servers/gatewayDefinitions.ts'
import { startClickhouse, type ClickhouseServer } from '../../hack/servers/clickhouse.ts'
import { HostsFile } from '../../hack/servers/hosts.ts'
import { startS3, type S3Server } from '../../hack/servers/s3.ts'
import { ApiError } from '../src/runtime/errors.ts'
import { OPERATOR } from '../src/vocabulary/labels.ts'
import { applySurroundings } from './everyFieldSurroundings.ts'
import { natsPods, type NatsPods } from './natsPods.ts'
import { startNatsOverTls, type NatsOverTls } from './natsOverTls.ts'
import { runControllers } from './controllers.ts'
import { condition, Harness, ROOT, type SeenStatus } from './harness.ts'
import { at, merged } from './patches.ts'

const sample = parse(readFileSync(join(ROOT, 'config/samples/full.yaml'), 'utf8')) as {
  spec: { clickhouse: { external: object }; [field: string]: unknown }
}

/** What a test does around an edit. */
export interface Around {
  /** @param patch of the spec, which is merged next */
  readonly before?: (patch: object) => Promise<void>
  /** It was carried out, and all is at rest. */
  readonly after?: () => Promise<void>
  /** The API server does not take it. */
  readonly refused?: (patch: object, why: RegExp) => Promise<void>
}

export class EditedSender {
  readonly cluster: Harness
  readonly #hosts: HostsFile
  readonly #s3: S3Server
  readonly #clickhouse: ClickhouseServer
  readonly #nats: NatsOverTls
  #controllers: ReturnType<typeof runControllers> | undefined
  #pods: NatsPods | undefined
  /** What is edited on one object hangs together: after one that did not end, the others show nothing. */
  #unfinished: string | undefined

  private constructor(parts: {
    readonly cluster: Harness
    readonly hosts: HostsFile
    readonly s3: S3Server
    readonly clickhouse: ClickhouseServer
    readonly nats: NatsOverTls
  }) {
    this.cluster = parts.cluster
    this.#hosts = parts.hosts
    this.#s3 = parts.s3
    this.#clickhouse = parts.clickhouse
    this.#nats = parts.nats
  }

  static async start(): Promise<EditedSender> {
    const s3 = await startS3()
    const clickhouse = await startClickhouse({ s3, secondDisk: true })
    const nats = await startNatsOverTls()
    const hosts = await HostsFile.create()
    const cluster = new Harness({ hosts })
    await cluster.start()
    await Promise.all((await gatewayDefinitions()).map((definition) => cluster.api.apply(definition)))
    // Who plays the gateway asks for all of them, and would end with an error.
    for (const kind of ['httproutes', 'backendtrafficpolicies', 'middlewares'])
      await cluster.api.untilServed(kind)
    return new EditedSender({ cluster, hosts, s3, clickhouse, nats })
  }

  async stop(): Promise<void> {
    await this.cluster.stop()
    await this.#hosts.remove()
    await this.#nats.stop()
    await this.#clickhouse.stop()
    await this.#s3.stop()
  }

  /** In a namespace of its own, until it is Ready. */
  async begin(nats: 'external' | 'managed'): Promise<void> {
    this.#unfinished = undefined
    await this.cluster.newNamespace()
    await applySurroundings(this.cluster, this.#nats)
    await (nats === 'external' ? this.#beginExternal() : this.#beginManaged())
    await this.until('Ready at first', isReady)
  }

  async #beginExternal(): Promise<void> {
    this.#controllers = runControllers(this.cluster, { gateway: true })
    const external = { ...sample.spec.clickhouse.external, url: this.#clickhouse.url, insecure: true }
    await this.cluster.apply(
      this.cluster.batchSender({
        ...sample.spec,
        nats: { external: { servers: [byName(this.#nats.url)], tlsSecretRef: { name: 'nats-client' } } },
        clickhouse: { ...sample.spec.clickhouse, external },
      }),
    )
  }

  async #beginManaged(): Promise<void> {
    const pods = await natsPods(this.cluster, this.#hosts)
    this.#pods = pods
    this.#controllers = runControllers(this.cluster, {
      statefulset: (set) => pods.advance(set),
      gateway: true,
    })
    const { clickhouse: left, ...spec } = sample.spec
    expect(left).toBeDefined()
    await this.cluster.apply(this.cluster.batchSender(spec))
  }

  async end(): Promise<void> {
    await this.#controllers?.stop()
    await this.#pods?.stop()
  }

  patch(spec: object): Promise<void> {
    return this.cluster.api.patch(this.#address(), { spec })
  }

  #address() {
    return { kind: 'batchsender', namespace: this.cluster.namespace, name: 'orders' }
  }

  async until(what: string, isThere: (seen: SeenStatus) => boolean): Promise<void> {
    await this.cluster.eventually(what, async () => {
      const seen = await this.cluster.status()
      const stalled = condition(seen, 'Stalled')
      if (stalled) throw new Error(`${what}: Stalled ${stalled.reason}: ${stalled.message}`)
      return isThere(seen) ? seen : undefined
    })
  }

  /** The second value of a field, where the table has only words for it. */
  #second(path: string): unknown {
    const others: Readonly<Record<string, unknown>> = {
      'nats.external.servers': [this.#nats.url],
      'clickhouse.external.url': byName(this.#clickhouse.url),
    }
    return others[path] ?? SECOND_VALUES[path]?.to
  }

  async edit(path: string, around: Around = {}): Promise<void> {
    if (this.#unfinished !== undefined)
      throw new Error(`not tried: ${this.#unfinished} did not come to its end`)
    this.#unfinished = path
    const { given, refused, with: beside = {} } = SECOND_VALUES[path] ?? {}
    if (given) {
      await this.patch(given)
      await this.until(`Ready before ${path}`, isReady)
      if (around.before) await this.rest(`${path} given`)
    }
    const to = at(path, this.#second(path))
    await (refused ? this.#refuses(to, refused, around) : this.#takes(path, merged(beside, to), around))
    this.#unfinished = undefined
  }

  async #takes(path: string, patch: object, { before, after }: Around): Promise<void> {
    await before?.(patch)
    await this.patch(patch)
    await this.until(`Ready after ${path}`, isReady)
    await this.rest(path)
    await after?.()
  }

  async #refuses(patch: object, why: RegExp, { refused }: Around): Promise<void> {
    await refused?.(patch, why)
    const error: unknown = await this.patch(patch).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect((error as ApiError).message).toMatch(why)
  }

  async #writes(): Promise<number> {
    const all = await this.cluster.operatorWrites()
    return all.filter((write) => write.endsWith(` in ${this.cluster.namespace}`)).length
  }

  /** Another pass writes nothing but that it was asked for. */
  async rest(what: string): Promise<void> {
    const rest = await this.cluster.eventually(`${what} comes to rest`, async () => {
      const before = await this.#writes()
      const annotations = { 'batchsender.io/requestedAt': `${what} ${before}` }
      await this.cluster.api.patch(this.#address(), { metadata: { annotations } })
      await this.cluster.eventually('the request handled', async () =>
        (await this.cluster.status()).lastHandledReconcileAt === annotations['batchsender.io/requestedAt']
          ? true
          : undefined,
      )
      // What an observer saw meanwhile may be told, too; a write that goes on never ends this.
      return (await this.#writes()) - before === 1 ? true : undefined
    })
    expect(rest).toBe(true)
  }

  async expectNoFaults(): Promise<void> {
    // The API server has events of its own, about addresses that it finds unallocated.
    const events = (await this.cluster.api.list('events', this.cluster.namespace)).filter(
      ({ reportingComponent }) => reportingComponent === OPERATOR,
    )
    expect(events.length).toBeGreaterThan(0)
    const warnings = events.filter(({ type }) => type === 'Warning')
    const faults = warnings.filter(({ reason }) => !ON_THE_WAY.includes(String(reason)))
    expect(faults.map(({ reason, message }) => `${String(reason)}: ${String(message)}`)).toEqual([])
  }
}

/** Reasons of conditions that are False while an edit is carried out. */
const ON_THE_WAY =
  'RollingOut Issuing Migrating Applying TableMissing TTLDrift PolicyDrift NotMaterialized Waiting Unanswered'.split(
    ' ',
  )

/** In the order of the table; one object for all, so each edit is made on what the ones before have left. */
export const fieldsOf = (nats: 'external' | 'managed') =>
  Object.keys(SECOND_VALUES).filter(
    (path) => isOfManaged(path) === (nats === 'managed') && path !== 'suspend',
  )

const isOfManaged = (path: string) => path.startsWith('nats.managed') || path.startsWith('nats.tls')

export function isReady(seen: SeenStatus): boolean {
  return seen.observedGeneration === seen.generation && condition(seen, 'Ready')?.status === 'True'
}

const byName = (url: string) => url.replace('127.0.0.1', 'localhost')
