/**
 * An API server over a true history that misbehaves by a script, one fault for each request, and is honest when the
 * script has come to its end. What it tells wrongly is what a network or a server may do: twice, late, in another
 * order, cut off, garbled, not at all; it never hides a change for good.
 */
import type { Call, Transport } from '../transport.ts'
import type { Entry, Step } from './history.ts'
import { ApiError } from '../errors.ts'
import { bookmark, failure, left, listEnd } from './fakeApi.ts'
import { History } from './history.ts'
import { Telling, type Line, type Plan } from './telling.ts'

const PAGE = 2
const REFUSALS: Readonly<Partial<Record<Plan['fault'], () => Error>>> = {
  refused: () => new ApiError(503, undefined),
  throttled: () => new ApiError(429, undefined, 1),
  gone,
  lost: () => new Error('read ECONNRESET'),
}

export class ScriptedServer implements Transport {
  readonly history = new History()
  /** Lists that were told to their end. */
  completeLists = 0
  /** Connections that are open. */
  open = 0
  readonly #plans: Plan[]
  readonly #steps: Step[]
  readonly #streams: boolean
  #news = Promise.withResolvers<undefined>()

  /** @param streams whether it knows streaming lists. */
  constructor(plans: readonly Plan[], steps: readonly Step[], streams: boolean) {
    this.#plans = [...plans]
    this.#steps = [...steps]
    this.#streams = streams
  }

  get isHonest(): boolean {
    return this.#plans.length === 0
  }

  /** Lets the next thing happen. @returns false when nothing is left to happen. */
  advance(): boolean {
    const step = this.#steps.shift()
    if (!step) return false
    this.history.take(step)
    this.#news.resolve(undefined)
    this.#news = Promise.withResolvers()
    return true
  }

  /** A page of a list. */
  async request({ query = {} }: Call) {
    await Promise.resolve()
    this.#refuse(this.#nextPlan(), false)
    const [version = this.history.version, from = 0] = (query['continue'] ?? '')
      .split(':')
      .filter(Boolean)
      .map(Number)
    if (version < this.history.compacted) throw gone()
    const items = this.history.at(version)
    const isLast = from + PAGE >= items.length
    if (isLast) this.completeLists += 1
    const metadata = {
      resourceVersion: String(version),
      ...(!isLast && { continue: `${version}:${from + PAGE}` }),
    }
    return { status: 200, body: { metadata, items: items.slice(from, from + PAGE) } as never }
  }

  async stream(_path: string, query: Readonly<Record<string, string>>, signal: AbortSignal) {
    const plan = this.#nextPlan()
    const isList = 'sendInitialEvents' in query
    if (plan?.fault === 'unanswered') await this.#held(left(signal))
    this.#refuse(plan, isList)
    const version = isList ? undefined : Number(query['resourceVersion'])
    if (version !== undefined && version < this.history.compacted) {
      if (version % 2 === 0) throw gone()
      return (async function* () {
        yield await Promise.resolve(Buffer.from(failure(410, 'Expired')))
      })()
    }
    return this.#connection(
      this.#lines(version, plan, signal),
      new Telling(plan, !isList, () => this.#late(plan)),
      plan,
      signal,
    )
  }

  close(): void {
    this.#plans.length = 0
  }

  #nextPlan(): Plan | undefined {
    const plan = this.#plans.shift()
    for (let step = 0; step < (plan?.before ?? 0); step += 1) this.advance()
    return plan
  }

  #refuse(plan: Plan | undefined, isStreamingList: boolean): void {
    if (isStreamingList && !this.#streams) throw new ApiError(422, { kind: 'Status', reason: 'Invalid' })
    const refusal = plan && REFUSALS[plan.fault]
    if (refusal) throw refusal()
  }

  /** What is to be told, without any fault: of everything that there is, then of what happens. */
  async *#lines(from: number | undefined, plan: Plan | undefined, signal: AbortSignal): AsyncGenerator<Line> {
    let version = from ?? this.history.version
    if (from === undefined) {
      for (const object of this.history.at(version)) yield lineOf({ version, type: 'ADDED', object })
      this.completeLists += 1
      yield { text: listEnd(version), isEntry: false }
    }
    for (let turns = plan?.during ?? Infinity; turns >= 0 && !signal.aborted; turns -= 1) {
      const news = this.#news.promise
      const now = this.history.version
      yield* this.#newsSince(version)
      version = now
      if (plan) this.advance()
      else await Promise.race([news, left(signal).catch(() => undefined)])
    }
  }

  *#newsSince(version: number): Generator<Line> {
    for (const entry of this.history.since(version)) yield lineOf(entry)
    yield { text: bookmark(this.history.version), isEntry: false }
  }

  /** Tells the lines with the fault that is planned. */
  async *#connection(
    lines: AsyncIterable<Line>,
    telling: Telling,
    plan: Plan | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    this.open += 1
    try {
      for await (const line of lines) {
        for (const text of telling.take(line)) yield* inHalves(text)
        await this.#break(telling, plan, signal)
        if (telling.isOver) return
      }
      for (const text of telling.rest()) yield* inHalves(text)
    } finally {
      this.open -= 1
    }
  }

  async #break(telling: Telling, plan: Plan | undefined, signal: AbortSignal): Promise<void> {
    if (!telling.isDue) return
    if (plan?.fault === 'reset') throw new Error('read ECONNRESET')
    if (plan?.fault === 'silent') await left(signal)
  }

  async #held(leaving: Promise<never>): Promise<void> {
    this.open += 1
    await leaving.finally(() => {
      this.open -= 1
    })
  }

  /** One of the changes that were told before. */
  #late(plan: Plan | undefined): string {
    const { entries } = this.history
    const entry = entries[(plan?.which ?? 0) % Math.max(1, entries.length)]
    return entry ? lineOf(entry).text : ''
  }
}

function lineOf({ type, object }: Entry): Line {
  return { text: `${JSON.stringify({ type, object })}\n`, isEntry: true }
}

function gone(): ApiError {
  return new ApiError(410, { kind: 'Status', reason: 'Gone' })
}

/** Lines and packets have nothing to do with each other. */
function* inHalves(text: string): Generator<Buffer> {
  const bytes = Buffer.from(text)
  const middle = Math.floor(bytes.length / 2)
  for (const part of [bytes.subarray(0, middle), bytes.subarray(middle)]) if (part.length > 0) yield part
}
