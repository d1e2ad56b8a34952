/** NATS through its own client: the only file of the operator that knows it (upstream goes on as @nats-io/*). */
import type { ConnectionOptions, NatsConnection } from 'nats'
import { connect, ErrorCode, NatsError } from 'nats'
import { linedPem } from '../../../crds/pem.ts'
import type { DesiredQueue, DesiredReload, NatsAccess } from '../components/desired.ts'
import type { JetstreamSeen, QueuePart } from '../components/snapshot.ts'
import type { Outcome } from '../reconcile/ports.ts'
import type { ConsumerConfig, StreamConfig } from '../../../crds/workQueue.ts'
import type { Transport } from '../runtime/transport.ts'
import type { DialGuard } from './dialGuard.ts'
import { isIP } from 'node:net'
import { read } from '../runtime/read.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { hostOf } from './dialGuard.ts'
import { decode } from './secretProjection.ts'

const CONNECT_MS = 5_000
const REQUEST_MS = 5_000
/** Of all servers together. */
const MOST_PLACES = 8

/** What is asked of one NATS system: who may ask, and where. */
export interface NatsTarget {
  readonly namespace: string
  readonly access: NatsAccess
}

export class Nats {
  readonly #transport: Transport
  readonly #guard: DialGuard

  constructor(transport: Transport, guard: DialGuard) {
    this.#transport = transport
    this.#guard = guard
  }

  /** Makes stream and consumer what they should be. What cannot be changed in place is told, not deleted. */
  async keepQueue(wish: DesiredQueue, namespace: string, signal: AbortSignal): Promise<Outcome> {
    const what = `stream ${wish.stream.name}`
    try {
      await this.#with({ namespace, access: wish.access }, signal, async (connection) => {
        const api = jetstreamApi(connection)
        const stream = await api.streamInfo(wish.stream.name)
        await api.request(`STREAM.${stream ? 'UPDATE' : 'CREATE'}.${wish.stream.name}`, wish.stream)
        await api.request(`CONSUMER.DURABLE.CREATE.${wish.stream.name}.${wish.consumer.durable_name}`, {
          stream_name: wish.stream.name,
          config: wish.consumer,
        })
      })
      return { state: 'done', change: 'requested', what }
    } catch (error) {
      return { state: 'waiting', what, fault: `cannot be brought in line: ${faultOf(error)}` }
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

  /** Tells one node to read configuration and certificates again (`$SYS.REQ.SERVER.<id>.RELOAD`, 2.10 and later). */
  async reload(wish: DesiredReload, namespace: string, signal: AbortSignal): Promise<Outcome> {
    const what = `NATS node ${wish.address.node}`
    const access = {
      servers: [`tls://${wish.address.host}:${wish.address.port}`],
      tlsSecret: wish.systemSecret,
    }
    try {
      await this.#with({ namespace, access }, signal, async (connection) => {
        const id = connection.info?.server_id ?? ''
        const answer = await connection.request(`$SYS.REQ.SERVER.${id}.RELOAD`, undefined, {
          timeout: REQUEST_MS,
        })
        // What could not be read again is an answer like any other.
        const { error } = answer.json<ApiAnswer>()
        if (error) throw new Error(`the configuration cannot be read again (${error.code})`)
      })
      return { state: 'done', change: 'requested', what }
    } catch (error) {
      return { state: 'waiting', what, fault: `does not reload: ${faultOf(error)}` }
    }
  }

  async #with<Result>(
    { namespace, access }: NatsTarget,
    signal: AbortSignal,
    work: (connection: NatsConnection) => Promise<Result>,
  ): Promise<Result> {
    const connection = await this.#connect(namespace, access, signal)
    try {
      return await work(connection)
    } finally {
      await connection.close()
    }
  }

  /** To the addresses that were checked, one after the other: the client itself would look them up again. */
  async #connect(namespace: string, access: NatsAccess, signal: AbortSignal): Promise<NatsConnection> {
    const options = await this.#options(namespace, access, signal)
    const places: { readonly server: string; readonly address: string }[] = []
    for (const server of access.servers)
      for (const address of await this.#guard.addressesOf(server, namespace)) places.push({ server, address })
    let fault: unknown
    for (const { server, address } of places.slice(0, MOST_PLACES)) {
      try {
        return await connect({ ...options, ...dialled(server, address, options.tls) })
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

/** Its certificate has to be for what the spec names, not for the address that this led to. */
function dialled(server: string, address: string, tls: ConnectionOptions['tls']): ConnectionOptions {
  const { protocol, port } = new URL(server)
  const host = hostOf(server)
  const servers = `${isIP(address) === 6 ? `[${address}]` : address}:${port === '' ? '4222' : port}`
  if (protocol !== 'tls:' && !tls) return { servers }
  // The client hands all of it to Node, which takes `host` for an address: as a server name that is not permitted.
  const identity = isIP(host) === 0 ? { servername: host } : { servername: '', host }
  return { servers, tls: { ...tls, ...identity } }
}

/** The few calls of the JetStream API that are needed, with the configuration as the API spells it. */
function jetstreamApi(connection: NatsConnection) {
  const request = async (subject: string, body?: unknown): Promise<ApiAnswer> => {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const message = await connection.request(`$JS.API.${subject}`, payload, { timeout: REQUEST_MS })
    const answer = message.json<ApiAnswer>()
    if (answer.error) throw new JetstreamError(answer.error)
    return answer
  }
  const info = async (subject: string): Promise<object | undefined> => {
    try {
      return (await request(subject)).config ?? {}
    } catch (error) {
      if (error instanceof JetstreamError && error.code === 404) return undefined
      throw error
    }
  }
  return {
    request,
    streamInfo: (stream: string) => info(`STREAM.INFO.${stream}`),
    consumerInfo: (stream: string, consumer: string) => info(`CONSUMER.INFO.${stream}.${consumer}`),
  }
}

interface ApiAnswer {
  readonly config?: object
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string }
}

class JetstreamError extends Error {
  override readonly name = 'JetstreamError'
  readonly code: number
  constructor({ code, err_code, description }: NonNullable<ApiAnswer['error']>) {
    super(`${description ?? 'JetStream refused'} (${code}/${err_code ?? 0})`)
    this.code = code
  }
}

function compare(live: object | undefined, wanted: object): QueuePart {
  if (!live) return { exists: false }
  const present = live as Readonly<Record<string, unknown>>
  const differs = Object.entries(wanted)
    .filter(([setting, value]) => JSON.stringify(present[setting]) !== JSON.stringify(value))
    .map(([setting]) => setting)
  return { exists: true, differs: differs.sort() }
}

/** One sentence without addresses of ours or bytes of theirs, and the same for every way of not getting through. */
function faultOf(error: unknown): string {
  if (error instanceof NatsError) return NATS_FAULTS[error.code] ?? error.code
  if (!(error instanceof Error)) return 'unknown'
  // A system error carries a code: which of them it is changes from look to look, and a status must not.
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (OF_CERTIFICATE.test(code)) return `the certificate of the server is not accepted (${code})`
  return code === '' ? (error.message.split('\n')[0] ?? 'unknown') : 'no connection'
}

/** Node's codes for a certificate (tls.TLSSocket, and X509_V_ERR_… of OpenSSL without its beginning). */
const OF_CERTIFICATE =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH)/

const NATS_FAULTS: Readonly<Record<string, string>> = {
  [ErrorCode.ConnectionRefused]: 'no connection',
  [ErrorCode.Timeout]: 'no connection',
  [ErrorCode.NoResponders]: 'JetStream is not available',
  [ErrorCode.AuthorizationViolation]: 'the certificate is not one of a known user',
  [ErrorCode.Tls]: 'the TLS handshake failed',
}
