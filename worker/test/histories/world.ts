/** A history as it happens: the workers and servers that it is done to, its batches, and what was seen of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SmtpSinkServer } from '../../../hack/servers/smtpSink.ts'
import type { BatchView, Rig, WorkerProcess } from '../rig.ts'
import type { Evidence } from './invariants.ts'
import type { HistoryRule } from './refusals.ts'
import type { Snapshot } from './snapshot.ts'
import type { History, Step } from './steps.ts'
import { TOKEN } from '../rig.ts'
import { faultsOfAttempts, faultsOfBatches, faultsOfRecipients } from './invariants.ts'
import { addressOf, senderOf, speaksOf } from './refusals.ts'
import { snapshotOf } from './snapshot.ts'

export type ApiBatch = BatchView & {
  readonly retries: number
  readonly finishedAt?: string
  readonly errorCode?: string
  readonly pauseReason?: object
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

const ANSWERED_MS = 15_000
/** A worker that comes back after PostgreSQL was started waits for those that are not heard of. */
const PATIENCE_MS = 90_000

export class World {
  readonly rig: Rig
  readonly history: History
  readonly ids: string[] = []
  readonly sizes: number[] = []
  readonly #workers: readonly WorkerProcess[]
  readonly #frozen = new Set<WorkerProcess>()
  readonly #everInForce: HistoryRule[] = []
  #inForce: readonly HistoryRule[] = []
  readonly #senderRefused = new Set<string>()
  readonly #again: { readonly batch: number; readonly recipients: readonly string[] | undefined }[] = []
  readonly #suppressed = new Set<string>()
  #last: Snapshot = { batches: [], recipients: [], attempts: [] }
  readonly said: string[] = []

  constructor(rig: Rig, history: History, workers: readonly WorkerProcess[]) {
    this.rig = rig
    this.history = history
    this.#workers = workers
  }

  get sink(): SmtpSinkServer {
    return this.rig.sink
  }

  log = (): string =>
    `${this.said.join('\n')}\n${this.#workers.map((worker) => worker.log().slice(-6_000)).join('\n---\n')}`

  /** Of a worker that can answer; asked again while the servers are away. @throws Error for what is never right. */
  async ask(
    path: string,
    method = 'GET',
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const deadline = Date.now() + PATIENCE_MS
    let last: unknown
    for (let asked = 0; Date.now() < deadline; asked += 1) {
      // One that is held may hold what the others wait for.
      if (asked > 1) await this.thawAll()
      const worker = this.#workers.find((one) => !this.#frozen.has(one)) ?? (await this.thawAll())
      try {
        const response = await fetch(`${worker.api}${path}`, {
          method,
          headers: {
            authorization: `Bearer ${TOKEN}`,
            ...(body && { 'content-type': 'application/json' }),
            ...headers,
          },
          signal: AbortSignal.timeout(ANSWERED_MS),
          ...(body && { body: JSON.stringify(body) }),
        })
        const text = await response.text()
        if (response.status === 500) throw new Fault(`${method} ${path}: ${text}`)
        last = text
        if (response.status !== 503)
          return { status: response.status, body: text === '' ? null : JSON.parse(text) }
      } catch (error) {
        if (error instanceof Fault) throw error
        last = error
      }
      await sleep(300)
    }
    throw new Fault(`${method} ${path} has no answer: ${String(last)}`)
  }

  async batch(number: number): Promise<ApiBatch> {
    return (await this.ask(`/v1/batches/${this.ids[number] ?? ''}`)).body as ApiBatch
  }

  async thawAll(): Promise<WorkerProcess> {
    for (const worker of this.#frozen) process.kill(worker.pid(), 'SIGCONT')
    this.#frozen.clear()
    const [first] = this.#workers
    if (first === undefined) throw new Error('there is no worker')
    return Promise.resolve(first)
  }

  async behave(rules: readonly HistoryRule[]): Promise<void> {
    await this.sink.behave(rules)
    this.#inForce = rules
    this.#everInForce.push(...rules)
    await this.#noteRuns()
  }

  async command(number: number, name: string, body?: object): Promise<Answer> {
    const id = this.ids[number]
    if (id === undefined) return { status: 404, body: null }
    const answer = await this.ask(`/v1/batches/${id}/${name}`, 'POST', body)
    if (![200, 409].includes(answer.status)) throw new Fault(`${name}: ${JSON.stringify(answer)}`)
    await this.#noteRuns()
    return answer
  }

  async resolve(number: number, as: string, recipients?: readonly string[]): Promise<Answer> {
    if (as === 'retry') this.#again.push({ batch: number, recipients })
    return this.command(number, 'resolve-uncertain', { as, ...(recipients && { recipients }) })
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'accept':
        return this.#accept(step.count, step.urgent)
      case 'rules':
        return this.behave(step.rules)
      case 'kill':
      case 'freeze':
      case 'thaw':
        return this.#toWorker(step.do, this.#workers[step.worker])
      case 'restartPostgres':
        return this.rig.postgres.restart()
      case 'killPostgres':
        await this.rig.postgres.kill()
        return this.rig.postgres.start()
      case 'restartSink':
        await this.sink.kill()
        await sleep(500)
        await this.sink.start()
        return this.sink.behave(this.#inForce)
      case 'wait':
        return sleep(step.ms)
      default:
        return this.#toBatch(step)
    }
  }

  async #toBatch(
    step: Extract<Step, { do: 'pause' | 'resume' | 'cancel' | 'retry' | 'resolve' | 'suppress' | 'lift' }>,
  ): Promise<void> {
    switch (step.do) {
      case 'retry':
        await this.command(step.batch, 'retry-failed', step.filter)
        break
      case 'resolve':
        await this.resolve(step.batch, step.as, step.recipients)
        break
      case 'suppress':
        this.#suppressed.add(step.address)
        await this.ask(`/v1/suppressions/${step.address}`, 'PUT', { reason: 'manual' })
        break
      case 'lift':
        await this.ask(`/v1/suppressions/${step.address}`, 'DELETE')
        break
      default:
        await this.command(step.batch, step.do)
    }
  }

  async #toWorker(what: 'kill' | 'freeze' | 'thaw', worker: WorkerProcess | undefined): Promise<void> {
    if (worker === undefined) return
    if (what === 'kill') {
      await worker.kill()
      this.#frozen.delete(worker)
      return worker.start()
    }
    if (what === 'freeze') {
      process.kill(worker.pid(), 'SIGSTOP')
      this.#frozen.add(worker)
    } else if (this.#frozen.delete(worker)) process.kill(worker.pid(), 'SIGCONT')
  }

  async #accept(count: number, urgent: boolean): Promise<void> {
    const { seed } = this.history
    const number = this.ids.length
    const body = {
      from: senderOf(seed, number),
      subject: 'Hello',
      text: 'Hello',
      priority: urgent ? 'transactional' : 'bulk',
      recipients: Array.from({ length: count }, (_, seq) => ({ address: addressOf(seed, number, seq) })),
    }
    const { status, body: answer } = await this.ask('/v1/batches', 'POST', body, {
      'idempotency-key': crypto.randomUUID(),
    })
    if (status !== 202) throw new Fault(`accept: ${JSON.stringify(answer)}`)
    this.ids.push((answer as ApiBatch).id)
    this.sizes.push(count)
    await this.#noteRuns()
  }

  /** In which runs of which batches the sender is being refused: runs begin by commands of this history alone. */
  async #noteRuns(): Promise<void> {
    const { seed } = this.history
    for (const [number, id] of this.ids.entries()) {
      const isRefused = this.#inForce.some(
        (rule) => rule.means === 'sender' && rule.address === senderOf(seed, number),
      )
      if (isRefused) this.#senderRefused.add(`${id}:${(await this.batch(number)).retries}`)
    }
  }

  /** All faults that can be told while everything goes on. */
  async faults(): Promise<readonly string[]> {
    const before = await snapshotOf(this.rig.postgres.url, this.ids)
    const messages = await this.sink.messages()
    const after = await snapshotOf(this.rig.postgres.url, this.ids)
    const taken = new Map<string, number>()
    for (const { recipient } of messages) taken.set(recipient, (taken.get(recipient) ?? 0) + 1)
    const evidence = this.#evidence(taken)
    const faults = [
      ...faultsOfBatches(after, evidence),
      ...faultsOfRecipients(before, after, evidence),
      ...faultsOfAttempts(this.#last, before),
      ...faultsOfAttempts(before, after),
    ]
    this.#last = after
    return faults
  }

  get last(): Snapshot {
    return this.#last
  }

  #evidence(taken: ReadonlyMap<string, number>): Evidence {
    const { seed } = this.history
    const batchOf = (address: string) => Number(/b(\d+)-/.exec(address)?.[1])
    const spoken = (address: string) =>
      this.#everInForce.filter((rule) => speaksOf(rule, address, senderOf(seed, batchOf(address))))
    return {
      taken,
      refused: (address, retryClass) => spoken(address).some(({ means }) => means === retryClass),
      senderRefused: (id, run) => this.#senderRefused.has(`${id}:${run}`),
      sentAgain: (address) =>
        this.#again.filter(
          ({ batch, recipients }) => batch === batchOf(address) && (recipients?.includes(address) ?? true),
        ).length,
      suppressed: (address) =>
        this.#suppressed.has(address) ||
        spoken(address).some(({ message = '' }) => message.startsWith('5.1.1')),
    }
  }
}

/** What a history turned up. */
export class Fault extends Error {}
