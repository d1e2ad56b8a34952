/** Sends every observer round to every BatchSender on its own jittered timetable, and remembers what they saw. */
import type { Belief, Look } from './settling.ts'
import type { Evidence, Sender } from '../components/snapshot.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { settle } from './settling.ts'

/** A look that takes time; it never throws and keeps to its deadline. */
export interface Observer<Name extends keyof Evidence = keyof Evidence> {
  readonly name: Name
  /** @returns `undefined` when there is nothing of its kind to look at. */
  look(sender: Sender, signal: AbortSignal): Promise<Look<NonNullable<Evidence[Name]>['seen']> | undefined>
}

export type AnyObserver = { [Name in keyof Evidence]-?: Observer<Name> }[keyof Evidence]

export interface WatchmanOptions {
  readonly observers: readonly AnyObserver[]
  readonly senderOf: (key: string) => Sender | undefined
  /** Called when something was seen that differs from before. */
  readonly onChange: (key: string) => void
  readonly periodMs?: number
  readonly random?: () => number
}

interface Round {
  readonly stop: AbortController
  /** A look is wanted soon; it may be asked for while another one is under way. */
  hurried: boolean
  endPause: () => void
  readonly beliefs: Map<keyof Evidence, Known>
  /** How often something was changed: a look that began before the last time saw what is no more. */
  readonly changes: Map<keyof Evidence, number>
}

/** What is believed, and how many changes had come when the look began that is believed. */
type Known = Belief<unknown> & { readonly changes: number }

const PERIOD_MS = 30_000
/** While something is not as it should be, it is looked at more often, ever less so. */
const FIRST_IMPATIENCE_MS = 500

export class Watchman {
  readonly #options: WatchmanOptions
  readonly #rounds = new Map<string, Round>()

  constructor(options: WatchmanOptions) {
    this.#options = options
  }

  /** Begins to look at a BatchSender; does nothing when it is looked at already. */
  attend(key: string, signal: AbortSignal): void {
    if (this.#rounds.has(key) || signal.aborted) return
    const round: Round = {
      stop: new AbortController(),
      hurried: false,
      endPause: () => undefined,
      beliefs: new Map(),
      changes: new Map(),
    }
    this.#rounds.set(key, round)
    signal.addEventListener(
      'abort',
      () => {
        this.dismiss(key)
      },
      { once: true, signal: round.stop.signal },
    )
    void this.#walk(key, round)
  }

  dismiss(key: string): void {
    this.#rounds.get(key)?.stop.abort()
    this.#rounds.delete(key)
  }

  /** Something was changed: looks again at once. */
  lookSoon(key: string): void {
    const round = this.#rounds.get(key)
    if (!round) return
    round.hurried = true
    round.endPause()
  }

  /** Something was changed: what was seen before is not told any more. */
  outdated(key: string, name: keyof Evidence): void {
    const changes = this.#rounds.get(key)?.changes
    changes?.set(name, (changes.get(name) ?? 0) + 1)
  }

  evidence(key: string): Evidence {
    const round = this.#rounds.get(key)
    if (!round) return {}
    const valid = [...round.beliefs].filter(
      ([name, { changes }]) => changes === (round.changes.get(name) ?? 0),
    )
    return Object.fromEntries(valid.map(([name, { sighting }]) => [name, sighting]))
  }

  get #periodMs(): number {
    return this.#options.periodMs ?? PERIOD_MS
  }

  async #walk(key: string, round: Round): Promise<void> {
    const { signal } = round.stop
    let impatienceMs = FIRST_IMPATIENCE_MS
    while (!signal.aborted) {
      const sender = this.#options.senderOf(key)
      if (!sender) {
        this.dismiss(key)
        return
      }
      const good = await this.#lookRound(key, sender, round)
      impatienceMs = good ? FIRST_IMPATIENCE_MS : Math.min(impatienceMs * 1.5, this.#periodMs)
      if (await this.#pause(good ? this.#periodMs : impatienceMs, round)) impatienceMs = FIRST_IMPATIENCE_MS
    }
  }

  async #lookRound(key: string, sender: Sender, round: Round): Promise<boolean> {
    const results = await Promise.all(
      this.#options.observers.map(async (observer) => {
        const begun = { at: new Date(), changes: round.changes.get(observer.name) ?? 0 }
        const look = await observer.look(sender, round.stop.signal)
        if (!look) return true
        // Told at once: a server that answers does not wait for another one's deadline.
        if (this.#believe(observer.name, look, begun, round)) this.#options.onChange(key)
        return look.good
      }),
    )
    return results.every(Boolean)
  }

  /** @returns whether what is believed changed. */
  #believe(
    name: keyof Evidence,
    look: Look<unknown>,
    begun: { readonly at: Date; readonly changes: number },
    { beliefs, changes }: Round,
  ): boolean {
    const before = beliefs.get(name)
    const after = settle(before, look, begun.at)
    const { changes: seenAt } = before?.sighting === after.sighting ? before : begun
    const wasOutdated = before !== undefined && before.changes !== (changes.get(name) ?? 0)
    beliefs.set(name, { ...after, changes: seenAt })
    return wasOutdated || JSON.stringify(before?.sighting.seen) !== JSON.stringify(after.sighting.seen)
  }

  /** @returns whether somebody asked to hurry, before or during the pause. */
  async #pause(ms: number, round: Round): Promise<boolean> {
    const { random = Math.random } = this.#options
    const early = new AbortController()
    const end = () => {
      early.abort()
    }
    round.endPause = end
    if (round.hurried) end()
    round.stop.signal.addEventListener('abort', end, { once: true })
    await sleep(ms * (0.9 + 0.2 * random()), undefined, { signal: early.signal }).catch(() => undefined)
    round.stop.signal.removeEventListener('abort', end)
    const { hurried } = round
    round.hurried = false
    return hurried
  }
}
