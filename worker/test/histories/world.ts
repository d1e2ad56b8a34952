/** A history as it happens: the workers and servers that it is done to, its batches, and what was seen of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SmtpSinkServer } from '../../../hack/servers/smtpSink.ts'
import type { BatchView, Rig, WorkerProcess } from '../rig.ts'
import type { Answer } from './crew.ts'
import type { Evidence } from './invariants.ts'
import type { HistoryRule } from './refusals.ts'
import type { Snapshot } from './snapshot.ts'
import type { Command, History } from './steps.ts'
import { Crew, Fault } from './crew.ts'
import { BY_HAND, faultsOfAttempts, faultsOfBatches, faultsOfRecipients } from './invariants.ts'
import { addressOf, senderOf, speaksOf } from './refusals.ts'
import { attemptOf, snapshotOf } from './snapshot.ts'

export type ApiBatch = BatchView & {
  readonly retries: number
  readonly finishedAt?: string
  readonly errorCode?: string
  readonly pauseReason?: object
}

export class World {
  readonly rig: Rig
  readonly history: History
  readonly ids: string[] = []
  readonly sizes: number[] = []
  readonly crew: Crew
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
    this.crew = new Crew(workers)
  }

  get sink(): SmtpSinkServer {
    return this.rig.sink
  }

  log = (): string => `${this.said.join('\n')}\n${this.crew.log()}`

  async batch(number: number): Promise<ApiBatch> {
    return (await this.crew.ask(`/v1/batches/${this.ids[number] ?? ''}`)).body as ApiBatch
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
    const answer = await this.crew.ask(`/v1/batches/${id}/${name}`, 'POST', body)
    const { retried, resolved, retries, state } = answer.body as Record<string, unknown>
    this.said.push(`  ${JSON.stringify({ status: answer.status, retried, resolved, retries, state })}`)
    if (![200, 409].includes(answer.status)) throw new Fault(`${name}: ${JSON.stringify(answer)}`)
    await this.#noteRuns()
    return answer
  }

  async resolve(number: number, as: string, recipients?: readonly string[]): Promise<Answer> {
    if (as === 'retry') this.#again.push({ batch: number, recipients })
    return this.command(number, 'resolve-uncertain', { as, ...(recipients && { recipients }) })
  }

  async burst(number: number, commands: readonly Command[]): Promise<void> {
    const id = this.ids[number]
    if (id === undefined) return
    const { retries } = await this.batch(number)
    await Promise.all(
      commands.map((name, turn) => {
        if (name !== 'resolve-uncertain') return this.command(number, name)
        return this.resolve(number, turn % 2 === 0 ? 'retry' : 'failed')
      }),
    )
    // Runs may have begun and ended meanwhile.
    for (let run = retries; run <= (await this.batch(number)).retries; run += 1) await this.#noteRuns(run)
  }

  /** It keeps what it took; its rules are said again. */
  async restartSink(): Promise<void> {
    await this.sink.kill()
    await sleep(500)
    await this.sink.start()
    await this.sink.behave(this.#inForce)
  }

  async suppress(address: string): Promise<void> {
    this.#suppressed.add(address)
    await this.crew.ask(`/v1/suppressions/${address}`, 'PUT', { reason: 'manual' })
  }

  async accept(count: number, urgent: boolean): Promise<void> {
    const { seed } = this.history
    const number = this.ids.length
    const body = {
      from: senderOf(seed, number),
      subject: 'Hello',
      text: 'Hello',
      priority: urgent ? 'transactional' : 'bulk',
      recipients: Array.from({ length: count }, (_, seq) => ({ address: addressOf(seed, number, seq) })),
    }
    const { status, body: answer } = await this.crew.ask('/v1/batches', 'POST', body, {
      'idempotency-key': crypto.randomUUID(),
    })
    if (status !== 202) throw new Fault(`accept: ${JSON.stringify(answer)}`)
    this.ids.push((answer as ApiBatch).id)
    this.sizes.push(count)
    await this.#noteRuns()
  }

  /** In which runs of which batches the sender is being refused: runs begin by commands of this history alone. */
  async #noteRuns(run?: number): Promise<void> {
    const { seed } = this.history
    for (const [number, id] of this.ids.entries()) {
      const isRefused = this.#inForce.some(
        (rule) => rule.means === 'sender' && rule.address === senderOf(seed, number),
      )
      if (isRefused) this.#senderRefused.add(`${id}:${run ?? (await this.batch(number)).retries}`)
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

  /** What came of it all, for people. */
  summary(): string {
    const { batches, recipients, attempts } = this.#last
    const count = (keys: readonly (string | null)[]) =>
      JSON.stringify(
        Object.fromEntries([...Map.groupBy(keys, (key) => key)].map(([key, own]) => [key, own.length])),
      )
    const codes = recipients.filter(
      ({ error_code: code }) => code?.includes('_') === true && !code.startsWith('smtp'),
    )
    const lost = new Set(attempts.filter(({ outcome }) => outcome === 'lost').map(attemptOf))
    const late = attempts.filter(
      (one) => one.outcome !== 'lost' && one.error_code !== BY_HAND && lost.has(attemptOf(one)),
    )
    return [
      batches.map(({ state, retries }) => `${state}/${retries}`).join(' '),
      count(recipients.map(({ state }) => state)),
      count(attempts.map(({ outcome }) => outcome)),
      `late ${count(late.map(({ outcome }) => outcome))}`,
      count(codes.map(({ error_code: code }) => code)),
    ].join(' ')
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
