/** ClickHouse through its own client: the only file of the operator that knows it. */
import type { ClickHouseClient } from '@clickhouse/client'
import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import type { ClickhouseAccess } from '../components/parts/clickhouse.ts'
import type { BackupsSeen } from '../components/backup/seen.ts'
import type { ClickhouseFault, ClickhouseSeen } from '../components/parts/clickhouseSeen.ts'
import type { ClickhouseServer, ClickhouseTool } from '../reconcile/tools.ts'
import type { Transport } from '../runtime/transport.ts'
import type { AnswerBudget } from './answerBudget.ts'
import type { DialGuard } from './dialGuard.ts'
import { aborted } from '../runtime/aborted.ts'
import { read } from '../runtime/read.ts'
import { reasonOfError } from '../vocabulary/clickhouseErrors.ts'
import { Secret } from '../vocabulary/kinds.ts'
import { boundedAgent } from './boundedAgent.ts'
import { lookAtBackups, type BackupsTarget } from './clickhouseBackups.ts'
import { lookAtTables, type ArchiveTarget } from './clickhouseTables.ts'
import { clickhouseLogin } from './clickhouseLogin.ts'
import { firstLine } from '../../../crds/firstLine.ts'

const REQUEST_MS = 10_000
/** A look, or the statements of a step: a server that goes on answering a little is left, too. */
const TOGETHER_MS = 20_000
/** A look at two thousand partitions is a quarter of it; what is read takes ten times as much as objects. */
const MOST_BYTES = 524_288
const MOST_CHARACTERS = 400

/** What is asked of one server, and who asks. */
export type ClickhouseTarget = ArchiveTarget & ClickhouseServer

/** The same for the backups that one server makes. */
export type BackupDestination = BackupsTarget & ClickhouseServer

/** Which names and passwords of the Secret are used; the worker's where it has none of the role. */
type Role = 'operator' | 'verify'

export class Clickhouse implements ClickhouseTool {
  readonly #transport: Transport
  readonly #guard: DialGuard
  readonly #budget: AnswerBudget

  constructor(transport: Transport, guard: DialGuard, budget: AnswerBudget) {
    this.#transport = transport
    this.#guard = guard
    this.#budget = budget
  }

  /** Looks at disks, policies, tables and parts; never throws. */
  async look(target: ClickhouseTarget, signal: AbortSignal): Promise<ClickhouseSeen> {
    try {
      const seen = await this.#with('operator', target, signal, (client, ends) =>
        lookAtTables(client, target, ends),
      )
      return { reached: true, ...seen }
    } catch (error) {
      return { reached: false, fault: faultOf(error) }
    }
  }

  /** Looks at the list of backups and at what is at their destination, as whoever restores them; never throws. */
  async lookAtBackups(target: BackupDestination, signal: AbortSignal): Promise<BackupsSeen> {
    try {
      const seen = await this.#with('verify', target, signal, (client, ends) =>
        lookAtBackups(client, target, ends),
      )
      return { reached: true, ...seen }
    } catch (error) {
      return { reached: false, fault: faultOf(error) }
    }
  }

  async run(
    server: ClickhouseServer,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<ClickhouseFault | undefined> {
    try {
      await this.#with('operator', server, signal, async (client, ends) => {
        for (const query of texts) await client.command({ query, abort_signal: ends })
      })
      return undefined
    } catch (error) {
      return faultOf(error)
    }
  }

  async #with<Result>(
    role: Role,
    { namespace, access }: ClickhouseServer,
    given: AbortSignal,
    work: (client: ClickHouseClient, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const signal = AbortSignal.any([given, AbortSignal.timeout(TOGETHER_MS)])
    await this.#guard.check([access.url], namespace)
    const { ca, ...login } = await this.#credentials(role, namespace, access, signal)
    const options = { ca, lookup: this.#guard.lookup, keepAlive: true, maxSockets: 2 }
    const agent = boundedAgent(access.url, options, {
      mostBytes: MOST_BYTES,
      account: () => this.#budget.account(namespace),
    })
    const client = createClient({
      url: access.url,
      ...login,
      http_agent: agent,
      application: 'batchsender-operator',
      request_timeout: REQUEST_MS,
      log: { level: ClickHouseLogLevel.OFF },
    })
    try {
      // The client lets go of a request, and not of an answer that has begun (1.23.1).
      return await Promise.race([work(client, signal), until(signal)])
    } finally {
      agent.destroy()
      await client.close()
    }
  }

  async #credentials(role: Role, namespace: string, { secret: name }: ClickhouseAccess, signal: AbortSignal) {
    if (name === undefined) return { ca: undefined }
    const secret = await read(this.#transport, Secret, namespace, name, signal)
    const data = secret?.['data'] as Readonly<Record<string, string>> | undefined
    const { username, password, ca } = clickhouseLogin(role, name, data)
    return { username, password, ca }
  }
}

async function until(signal: AbortSignal): Promise<never> {
  await aborted(signal)
  throw new Error('it took too long')
}

/**
 * One line that is the same for every way of not getting through. Only what has the shape of ClickHouse's own errors is
 * repeated: a spec may lead to a server that is none, and what that answers is not to be read in a status.
 */
export function faultOf(error: unknown): ClickhouseFault {
  if (error instanceof ClickHouseError) {
    const message = firstLine(error.message).slice(0, MOST_CHARACTERS)
    return { reason: reasonOfError(error.code, message), message }
  }
  const own = error instanceof Error && OWN_WORDS.test(error.message)
  return { reason: 'Unreachable', message: own ? error.message : 'ClickHouse does not answer' }
}

const OWN_WORDS = /^Secret \S+ lacks |is an address that the operator does not dial$/
