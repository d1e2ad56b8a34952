/** ClickHouse through its own client: the only file of the operator that knows it. */
import type { ClickHouseClient } from '@clickhouse/client'
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { linedPem } from '../../../crds/pem.ts'
import { withoutLineEnd } from '../../../crds/secretText.ts'
import type { ClickhouseAccess, DesiredStatement } from '../components/desired.ts'
import type { ClickhouseFault, ClickhouseSeen } from '../components/snapshot.ts'
import type { Outcome } from '../reconcile/ports.ts'
import type { Transport } from '../runtime/transport.ts'
import type { DialGuard } from './dialGuard.ts'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https'
import { read } from '../runtime/read.ts'
import { reasonOfError } from '../vocabulary/clickhouseErrors.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { lookAtTables, type ArchiveTarget } from './clickhouseTables.ts'
import { Repetitions } from './repetitions.ts'
import { decode } from './secretProjection.ts'

const REQUEST_MS = 10_000
const MOST_CHARACTERS = 400

/** What is asked of one server, and who asks. */
export interface ClickhouseTarget extends ArchiveTarget {
  readonly namespace: string
  readonly access: ClickhouseAccess
}

export class Clickhouse {
  readonly #transport: Transport
  readonly #guard: DialGuard
  /** What was carried out and is asked for again changed nothing; what did not come through may do so any moment. */
  readonly #carriedOut = new Repetitions({ firstMs: 5_000, longestMs: 300_000 })
  readonly #lost = new Repetitions({ firstMs: 1_000, longestMs: 30_000 })

  constructor(transport: Transport, guard: DialGuard) {
    this.#transport = transport
    this.#guard = guard
  }

  /** Looks at disks, policies, tables and parts; never throws. */
  async look(target: ClickhouseTarget, signal: AbortSignal): Promise<ClickhouseSeen> {
    try {
      const seen = await this.#with(target.namespace, target.access, signal, (client) =>
        lookAtTables(client, target, signal),
      )
      return { reached: true, ...seen }
    } catch (error) {
      return { reached: false, fault: faultOf(error) }
    }
  }

  /** @returns why a statement is not to be said yet; `undefined` when it is. */
  putOff(wish: DesiredStatement, namespace: string): Outcome | undefined {
    const said = wordsOf(wish, namespace)
    const waits = [this.#carriedOut, this.#lost].map((past) => past.waitMs(said, performance.now()))
    const againMs = Math.max(...waits)
    if (againMs === 0) return undefined
    return { state: 'waiting', what: `${subjectOf(wish)}: said a moment ago`, againMs }
  }

  /**
   * Carries a statement out. What the server refuses is told with the reason that its code means; whether one was
   * carried out that waits is not known.
   */
  async run(wish: DesiredStatement, namespace: string, signal: AbortSignal): Promise<Outcome> {
    const what = subjectOf(wish)
    const said = wordsOf(wish, namespace)
    try {
      await this.#with(namespace, wish.access, signal, async (client) => {
        for (const query of wish.texts) await client.command({ query, abort_signal: signal })
      })
      this.#carriedOut.said(said, performance.now())
      return { state: 'done', change: 'requested', what }
    } catch (error) {
      const { reason, message } = faultOf(error)
      if (reason === 'Unreachable') {
        this.#lost.said(said, performance.now())
        return {
          state: 'waiting',
          what: `${what}: ${message}`,
          againMs: this.#lost.waitMs(said, performance.now()),
        }
      }
      return { state: 'refused', what, message, invalid: false, reason }
    }
  }

  async #with<Result>(
    namespace: string,
    access: ClickhouseAccess,
    signal: AbortSignal,
    work: (client: ClickHouseClient) => Promise<Result>,
  ): Promise<Result> {
    await this.#guard.check([access.url], namespace)
    const { ca, ...login } = await this.#credentials(namespace, access, signal)
    const agent = agentFor(access.url, { ca, lookup: this.#guard.lookup, keepAlive: true, maxSockets: 2 })
    const client = createClient({
      url: access.url,
      ...login,
      http_agent: agent,
      application: 'batchsender-operator',
      request_timeout: REQUEST_MS,
      log: { level: ClickHouseLogLevel.OFF },
    })
    try {
      return await work(client)
    } finally {
      await client.close()
      agent.destroy()
    }
  }

  /** The operator's own name where the Secret has one, the worker's otherwise. */
  async #credentials(namespace: string, { secret: name }: ClickhouseAccess, signal: AbortSignal) {
    if (name === undefined) return { ca: undefined }
    const secret = await read(this.#transport, Secret, namespace, name, signal)
    const data = secret?.['data'] as Readonly<Record<string, string>> | undefined
    const prefix = decode(data, 'operator-username') === undefined ? '' : 'operator-'
    const [username, password] = ['username', 'password'].map((key) => decode(data, `${prefix}${key}`))
    if (username === undefined || password === undefined)
      throw new Error(`Secret ${name} lacks ${prefix}username or ${prefix}password`)
    const login = { username: withoutLineEnd(username), password: withoutLineEnd(password) }
    return { ...login, ca: linedPem(decode(data, 'ca.crt') ?? '') || undefined }
  }
}

const subjectOf = ({ subject }: DesiredStatement) => `ClickHouse table ${subject}`

const wordsOf = ({ access, texts }: DesiredStatement, namespace: string) =>
  [namespace, access.url, ...texts].join('\n')

function agentFor(url: string, options: HttpsAgentOptions): HttpAgent {
  return url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
}

/**
 * One line that is the same for every way of not getting through. Only what has the shape of ClickHouse's own errors is
 * repeated: a spec may lead to a server that is none, and what that answers is not to be read in a status.
 */
export function faultOf(error: unknown): ClickhouseFault {
  if (error instanceof ClickHouseError) {
    const message = (error.message.split('\n')[0] ?? '').slice(0, MOST_CHARACTERS)
    return { reason: reasonOfError(error.code, message), message }
  }
  const own = error instanceof Error && OWN_WORDS.test(error.message)
  return { reason: 'Unreachable', message: own ? error.message : 'ClickHouse does not answer' }
}

const OWN_WORDS = /^Secret \S+ lacks |is an address that the operator does not dial$/
