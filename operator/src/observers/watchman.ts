/**
 * Sends every observer to every BatchSender on a jittered timetable of its own, and remembers what they saw. None waits
 * for another one: a name that nobody resolves does not keep a database that answers from being seen.
 */
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
  /** The first pause while something is not well; each further one is longer. */
  readonly impatienceMs?: number
  readonly random?: () => number
}

/** One observer's way: look, pause, look. */
interface Walk {
  /** A look is wanted soon; it may be asked for while another one is under way. */
  hurried: boolean
  endPause: () => void
}

/** Everything about one BatchSender that is looked at. */
interface Post {
  readonly stop: AbortController
  readonly walks: readonly Walk[]
  readonly beliefs: Map<keyof Evidence, Known>
  /** How often something was changed: a look that began before the last time saw what is no more. */
  readonly changes: Map<keyof Evidence, number>
}

/** What is believed, and how many changes had come when the look began that is believed. */
type Known = Belief<unknown> & { readonly changes: number }

const PERIOD_MS = 30_000
/** While something is not as it should be, or on its way there, it is looked at more often, ever less so. */
const FIRST_IMPATIENCE_MS = 500

export class Watchman {
  readonly #options: WatchmanOptions
  readonly #posts = new Map<string, Post>()

  constructor(options: WatchmanOptions) {
    this.#options = options
  }

  /** Begins to look at a BatchSender; does nothing when it is looked at already. */
  attend(key: string, signal: AbortSignal): void {
    if (this.#posts.has(key) || signal.aborted) return
    const { observers } = this.#options
    const walks = observers.map((observer) => ({ observer, hurried: false, endPause: () => undefined }))
    const post: Post = { stop: new AbortController(), walks, beliefs: new Map(), changes: new Map() }
    this.#posts.set(key, post)
    signal.addEventListener(
      'abort',
      () => {
        this.dismiss(key)
      },
      { once: true, signal: post.stop.signal },
    )
    for (const walk of walks) void this.#walk(key, walk.observer, walk, post)
  }

  dismiss(key: string): void {
    this.#posts.get(key)?.stop.abort()
    this.#posts.delete(key)
  }

  /** Something was changed: looks again at once. */
  lookSoon(key: string): void {
    for (const walk of this.#posts.get(key)?.walks ?? []) {
      walk.hurried = true
      walk.endPause()
    }
  }

  /** Something was changed: what was seen before is not told any more. */
  outdated(key: string, name: keyof Evidence): void {
    const changes = this.#posts.get(key)?.changes
    changes?.set(name, (changes.get(name) ?? 0) + 1)
  }

  evidence(key: string): Evidence {
    const post = this.#posts.get(key)
    if (!post) return {}
    const valid = [...post.beliefs].filter(([name, { changes }]) => changes === (post.changes.get(name) ?? 0))
    return Object.fromEntries(valid.flatMap(([name, { sighting }]) => (sighting ? [[name, sighting]] : [])))
  }

  get #periodMs(): number {
    return this.#options.periodMs ?? PERIOD_MS
  }

  get #firstImpatienceMs(): number {
    return this.#options.impatienceMs ?? FIRST_IMPATIENCE_MS
  }

  async #walk(key: string, observer: AnyObserver, walk: Walk, post: Post): Promise<void> {
    const { signal } = post.stop
    let impatienceMs = this.#firstImpatienceMs
    while (!signal.aborted) {
      const sender = this.#options.senderOf(key)
      if (!sender) {
        this.dismiss(key)
        return
      }
      const atRest = await this.#look(key, sender, observer, post)
      impatienceMs = atRest ? this.#firstImpatienceMs : Math.min(impatienceMs * 1.5, this.#periodMs)
      if (await this.#pause(atRest ? this.#periodMs : impatienceMs, walk, signal))
        impatienceMs = this.#firstImpatienceMs
    }
  }

  /** @returns whether all is well and at rest; what is not there to be looked at may come any moment. */
  async #look(key: string, sender: Sender, observer: AnyObserver, post: Post): Promise<boolean> {
    const begun = { at: new Date(), changes: post.changes.get(observer.name) ?? 0 }
    const look = await observer.look(sender, post.stop.signal)
    if (!look || post.stop.signal.aborted) return false
    if (this.#believe(observer.name, look, begun, post)) this.#options.onChange(key)
    return look.good && look.underWay !== true
  }

  /** @returns whether what is believed changed. */
  #believe(
    name: keyof Evidence,
    look: Look<unknown>,
    begun: { readonly at: Date; readonly changes: number },
    { beliefs, changes }: Post,
  ): boolean {
    const before = beliefs.get(name)
    const after = settle(before, look, begun.at)
    const { changes: seenAt } = before && before.sighting === after.sighting ? before : begun
    const wasOutdated = before !== undefined && before.changes !== (changes.get(name) ?? 0)
    beliefs.set(name, { ...after, changes: seenAt })
    return wasOutdated || JSON.stringify(before?.sighting?.seen) !== JSON.stringify(after.sighting?.seen)
  }

  /** @returns whether somebody asked to hurry, before or during the pause. */
  async #pause(ms: number, walk: Walk, signal: AbortSignal): Promise<boolean> {
    const { random = Math.random } = this.#options
    const early = new AbortController()
    const end = () => {
      early.abort()
    }
    walk.endPause = end
    if (walk.hurried) end()
    signal.addEventListener('abort', end, { once: true })
    await sleep(ms * (0.9 + 0.2 * random()), undefined, { signal: early.signal }).catch(() => undefined)
    signal.removeEventListener('abort', end)
    const { hurried } = walk
    walk.hurried = false
    return hurried
  }
}
