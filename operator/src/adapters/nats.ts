/** NATS through its own client, which only this file and its neighbours nats*.ts know (upstream goes on as @nats-io/*). */
import type { ConnectionOptions, NatsConnection } from 'nats'
import { linedPem } from '../../../crds/pem.ts'
import type { NatsAccess, NatsAddress } from '../components/parts/natsAccess.ts'
import type { Block } from '../components/nats/serverSyntax.ts'
import type { JetstreamSeen, NodeConfiguration } from '../components/nats/seen.ts'
import type {
  JetstreamApi,
  NatsTarget,
  NatsTool,
  NodeAnswer,
  NodeVerb,
  SystemTarget,
} from '../reconcile/tools.ts'
import type { ConsumerConfig, StreamConfig } from '../../../crds/workQueue.ts'
import type { Transport } from '../runtime/transport.ts'
import type { AnswerBudget } from './answerBudget.ts'
import type { DialGuard } from './dialGuard.ts'
import { connected, CONNECT_MS, type Connected } from './natsConnection.ts'
import { read } from '../runtime/read.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { DATA_KEY } from '../vocabulary/dataKey.ts'
import { compare, jetstreamApi } from './jetstreamApi.ts'
import { configurationDigest } from './natsDigest.ts'
import { faultOf, isTurnedAway } from './natsFaults.ts'
import { decode } from './secretProjection.ts'

const REQUEST_MS = 5_000
/** Of all servers together. */
const MOST_PLACES = 8

/** What nodes should run. @property dataKey the variable that stands for the key of the volumes, and who holds it */
export interface WishedConfiguration {
  readonly systemSecret: string
  readonly settings: Block
  readonly variablesOf: (node: NatsAddress) => Readonly<Record<string, string>>
  readonly dataKey?: { readonly variable: string; readonly secret: string }
}

export class Nats implements NatsTool {
  readonly #transport: Transport
  readonly #guard: DialGuard
  readonly #budget: AnswerBudget

  constructor(transport: Transport, guard: DialGuard, budget: AnswerBudget) {
    this.#transport = transport
    this.#guard = guard
    this.#budget = budget
  }

  async jetstream<Result>(
    target: NatsTarget,
    ask: (api: JetstreamApi) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    try {
      return await this.#with(target, signal, (connection) => ask(jetstreamApi(connection)))
    } catch (error) {
      throw toldAsFault(error)
    }
  }

  /** Looks at stream and consumer; never throws. */
  async lookAtQueue(
    target: NatsTarget,
    wanted: { readonly stream: StreamConfig; readonly consumer: ConsumerConfig },
    signal: AbortSignal,
  ): Promise<JetstreamSeen> {
    try {
      return await this.#with(target, signal, async (connection) => {
        const api = jetstreamApi(connection)
        const stream = await api.streamInfo(wanted.stream.name)
        const consumer = stream && (await api.consumerInfo(wanted.stream.name, wanted.consumer.durable_name))
        return {
          reached: true,
          stream: compare(stream, wanted.stream),
          consumer: compare(consumer, wanted.consumer),
        }
      })
    } catch (error) {
      return { reached: false, fault: faultOf(error) }
    }
  }

  async askNode(
    verb: NodeVerb,
    node: SystemTarget,
    namespace: string,
    signal: AbortSignal,
  ): Promise<NodeAnswer> {
    try {
      return await this.#askNode(verb, node, namespace, signal)
    } catch (error) {
      throw toldAsFault(error)
    }
  }

  /** Whether nodes run the configuration that they should (`VARZ`, 2.11 and later); never throws. */
  async lookAtConfigurations(
    nodes: readonly NatsAddress[],
    { systemSecret, dataKey, ...wished }: WishedConfiguration,
    namespace: string,
    signal: AbortSignal,
  ): Promise<readonly NodeConfiguration[]> {
    // Read once for all of them.
    const options = this.#options(namespace, { servers: [], tlsSecret: systemSecret }, signal)
    const key = dataKey ? this.#dataKey(namespace, dataKey.secret, signal) : Promise.resolve('')
    await Promise.allSettled([options, key])
    const look = async (address: NatsAddress): Promise<NodeConfiguration> => {
      const node = { address, systemSecret }
      try {
        const { data } = await this.#askNode('VARZ', node, namespace, signal, options)
        const variables = {
          ...wished.variablesOf(address),
          ...(dataKey && { [dataKey.variable]: await key }),
        }
        return { name: address.node, ...running(data?.config_digest, wished.settings, variables) }
      } catch (error) {
        const fault = `runs a configuration that cannot be looked at: ${faultOf(error)}`
        return { name: address.node, fault, ...(isTurnedAway(error) && { turnsAway: true }) }
      }
    }
    return Promise.all(nodes.map(look))
  }

  async #askNode(
    verb: NodeVerb,
    { address, systemSecret }: SystemTarget,
    namespace: string,
    signal: AbortSignal,
    options?: Promise<ConnectionOptions>,
  ): Promise<NodeAnswer> {
    const access = { servers: [`tls://${address.host}:${address.port}`], tlsSecret: systemSecret }
    const ask = async (connection: NatsConnection) => {
      const id = connection.info?.server_id ?? ''
      const subject = `$SYS.REQ.SERVER.${id}.${verb}`
      return (await connection.request(subject, undefined, { timeout: REQUEST_MS })).json<NodeAnswer>()
    }
    return this.#with({ namespace, access }, signal, ask, options)
  }

  /** Read for one digest and forgotten. */
  async #dataKey(namespace: string, name: string, signal: AbortSignal): Promise<string> {
    const secret = await read(this.#transport, Secret, namespace, name, signal)
    const key = decode(secret?.['data'] as Readonly<Record<string, string>> | undefined, DATA_KEY)
    if (key === undefined) throw new Error(`Secret ${name} has no key`)
    return key
  }

  async #with<Result>(
    { namespace, access }: NatsTarget,
    signal: AbortSignal,
    work: (connection: NatsConnection) => Promise<Result>,
    options = this.#options(namespace, access, signal),
  ): Promise<Result> {
    const { connection, tunnel } = await this.#connect(namespace, access, await options, signal)
    try {
      return await work(connection)
    } finally {
      await connection.close()
      tunnel.close()
    }
  }

  /** To the addresses that were checked, one after the other: the client itself would look them up again. */
  async #connect(
    namespace: string,
    access: NatsAccess,
    options: ConnectionOptions,
    signal: AbortSignal,
  ): Promise<Connected> {
    const places: { readonly server: string; readonly address: string }[] = []
    for (const server of access.servers)
      for (const address of await this.#guard.addressesOf(server, namespace)) places.push({ server, address })
    let fault: unknown
    for (const { server, address } of places.slice(0, MOST_PLACES)) {
      try {
        return await connected(server, address, options, this.#budget.account(namespace))
      } catch (error) {
        signal.throwIfAborted()
        fault = error
      }
    }
    throw fault
  }

  async #options(namespace: string, access: NatsAccess, signal: AbortSignal): Promise<ConnectionOptions> {
    const options: ConnectionOptions = {
      name: 'batchsender-operator',
      timeout: CONNECT_MS,
      reconnect: false,
      ignoreClusterUpdates: true,
    }
    if (access.tlsSecret === undefined) return options
    const secret = await read(this.#transport, Secret, namespace, access.tlsSecret, signal)
    const data = secret?.['data'] as Readonly<Record<string, string>> | undefined
    const [cert, key, ca] = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => decode(data, name))
    if (cert === undefined || key === undefined || ca === undefined)
      throw new Error(`Secret ${access.tlsSecret} lacks tls.crt, tls.key or ca.crt`)
    return { ...options, tls: { cert: linedPem(cert), key, ca: linedPem(ca) } }
  }
}

/** In words that are the same for every way of not getting through. */
function toldAsFault(error: unknown): Error {
  return new Error(faultOf(error), { cause: error })
}

function running(
  digest: string | undefined,
  settings: Block,
  variables: Readonly<Record<string, string>>,
): Pick<NodeConfiguration, 'isWished' | 'fault'> {
  if (digest === undefined) return { fault: 'does not tell which configuration it runs' }
  return { isWished: digest === configurationDigest(settings, variables) }
}
