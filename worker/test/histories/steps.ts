/** Histories of workers, drawn from a seed: what happens to them, to the servers around them, and to their batches. */
import type { Random } from '../../../hack/soak/random.ts'
import type { RetryFilter } from '../../src/domain/retryFilter.ts'
import type { Resolution } from '../../src/domain/resolution.ts'
import type { HistoryRule } from './refusals.ts'
import { randomFrom } from '../../../hack/soak/random.ts'
import { addressOf, drawRules, senderOf, SLOWLY } from './refusals.ts'

export type Step =
  | { readonly do: 'accept'; readonly count: number; readonly urgent: boolean }
  | { readonly do: 'rules'; readonly rules: readonly HistoryRule[] }
  | { readonly do: 'kill' | 'hold' | 'release'; readonly worker: number }
  | { readonly do: 'restartPostgres' | 'killPostgres' | 'restartSink' | 'restartNats' | 'emptyNats' }
  /** At once, through all workers. */
  | { readonly do: 'burst'; readonly batch: number; readonly commands: readonly Command[] }
  | { readonly do: 'pause' | 'resume' | 'cancel'; readonly batch: number }
  | {
      readonly do: 'retry'
      readonly batch: number
      readonly filter: Omit<RetryFilter, 'addresses'> & { recipients?: readonly string[] }
    }
  | {
      readonly do: 'resolve'
      readonly batch: number
      readonly as: Resolution
      readonly recipients?: readonly string[]
    }
  | { readonly do: 'suppress' | 'lift'; readonly address: string }
  | { readonly do: 'wait'; readonly ms: number }

export type Command = 'pause' | 'resume' | 'cancel' | 'retry-failed' | 'resolve-uncertain'

export interface History {
  readonly seed: number
  readonly workers: number
  readonly steps: readonly Step[]
  /** Whether what is paused at the end goes on, rather than being cancelled. */
  readonly goesOn: boolean
}

const RESOLUTIONS: readonly Resolution[] = ['sent', 'failed', 'retry', 'retry']
const COMMANDS: readonly Command[] = [
  ...(['pause', 'pause', 'resume', 'resume', 'resume', 'retry-failed', 'retry-failed'] as const),
  ...(['resolve-uncertain', 'resolve-uncertain', 'cancel'] as const),
]
const SIZES = [1, 2, 19, 60, 180, 250, 250, 420, 420, 600]
const MOST_BATCHES = 7

/** Draws one step, or a few that belong together; `sizes` grows with each batch. */
class Drawing {
  readonly #random: Random
  readonly #seed: number
  readonly #workers: number
  readonly #sizes: number[] = []

  constructor(random: Random, seed: number, workers: number) {
    this.#random = random
    this.#seed = seed
    this.#workers = workers
  }

  accept(least = 1): Step {
    const count = Math.max(least, this.#random.pick(SIZES) ?? 1)
    this.#sizes.push(count)
    return { do: 'accept', count, urgent: this.#random.next() < 0.3 }
  }

  wait(least = 50, most = 1_500): Step {
    return { do: 'wait', ms: Math.round(this.#random.between(least, most)) }
  }

  /** Something to happen to a batch that has just begun, as often as not. */
  next(): readonly Step[] {
    const isFresh = this.#sizes.length < MOST_BATCHES && this.#random.next() < 0.5
    return [...(isFresh ? [this.accept(), this.wait(50, 600)] : []), ...this.#happening()]
  }

  #happening(): readonly Step[] {
    const kinds: readonly (() => readonly Step[])[] = [
      () => this.#rules(),
      () => this.#rules(),
      () => this.#rules(),
      () => this.#doubts(),
      () => this.#doubts(),
      () => this.#slower(),
      () => this.#burst(),
      () => this.#burst(),
      () => [{ do: 'rules', rules: [SLOWLY] }, this.wait()],
      () => [{ do: this.#random.next() < 0.5 ? 'restartNats' : 'emptyNats' }],
      () => [
        { do: 'kill', worker: 0 },
        { do: 'kill', worker: this.#workers - 1 },
      ],
      () => [{ do: 'kill', worker: this.#worker() }],
      () => this.#held(),
      () => this.#held(),
      () => [{ do: this.#random.next() < 0.5 ? 'restartPostgres' : 'killPostgres' }],
      () => [{ do: 'restartSink' }],
      () => [{ do: 'pause', batch: this.#batch() }, this.wait()],
      () => [{ do: 'resume', batch: this.#batch() }, this.wait()],
      () => [{ do: this.#random.next() < 0.4 ? 'cancel' : 'resume', batch: this.#batch() }],
      () => [this.#retry(this.#batch()), this.wait()],
      () => [this.#resolve(this.#batch()), this.wait()],
      () => [{ do: 'suppress', address: this.#address(this.#batch()) }],
      () => [{ do: 'lift', address: this.#address(this.#batch()) }],
      () => this.#lateRefusals(),
      () => this.#lateRefusals(),
      () => (this.#sizes.length < MOST_BATCHES ? [this.accept(), this.wait(50, 500)] : [this.wait()]),
    ]
    return this.#random.pick(kinds)?.() ?? []
  }

  /** The newest one is the likeliest to be under way. */
  #batch = () =>
    this.#random.next() < 0.6
      ? this.#sizes.length - 1
      : Math.floor(this.#random.between(0, this.#sizes.length))
  #worker = () => Math.floor(this.#random.between(0, this.#workers))
  #address = (batch: number) =>
    addressOf(this.#seed, batch, Math.floor(this.#random.between(0, this.#sizes[batch] ?? 1)))

  #rules = (): readonly Step[] => [
    { do: 'rules', rules: drawRules(this.#random, { seed: this.#seed, sizes: this.#sizes }) },
    this.wait(),
  ]

  /** Longer than a lease, with other things going on meanwhile where there is another worker. */
  #held(): readonly Step[] {
    const worker = this.#worker()
    const restarted: readonly Step[] = this.#random.next() < 0.3 ? [{ do: 'restartPostgres' }] : []
    const meanwhile =
      this.#workers > 1 ? [this.#retry(this.#batch()), this.#resolve(this.#batch()), ...restarted] : restarted
    return [{ do: 'hold', worker }, this.wait(2_500, 4_000), ...meanwhile, { do: 'release', worker }]
  }

  /** A new batch as long as there is room for one, else one that runs again. */
  #begun(least = 1): { readonly batch: number; readonly begin: Step } {
    if (this.#sizes.length < MOST_BATCHES) {
      const begin = this.accept(least)
      return { batch: this.#sizes.length - 1, begin }
    }
    const batch = this.#batch()
    return { batch, begin: this.#retry(batch) }
  }

  /** Mails that are taken and not answered, and what a person makes of that. */
  #doubts(): readonly Step[] {
    const { batch, begin } = this.#begun()
    const rules = Array.from({ length: Math.ceil(this.#random.between(1, 40)) }, (): HistoryRule => {
      return { address: this.#address(batch), at: 'data', drop: true, times: 1 }
    })
    return [{ do: 'rules', rules: [...rules, SLOWLY] }, begin, this.wait(500, 3_000), this.#resolve(batch)]
  }

  /** So slow that nearly everything is under way when something happens. */
  #slower(): readonly Step[] {
    const delayMs = Math.round(this.#random.between(300, 3_000))
    return [{ do: 'rules', rules: [{ address: '*', at: 'data', delayMs }] }, this.wait()]
  }

  #burst(): readonly Step[] {
    const batch = this.#batch()
    const most = Math.floor(this.#random.between(2, 7))
    const commands = Array.from({ length: most }, () => this.#random.pick(COMMANDS) ?? 'pause')
    return [{ do: 'burst', batch, commands }, this.wait(0, 500)]
  }

  /** A worker has refusals of a sender under way, is held, and comes back when the batch runs once more. */
  #lateRefusals(): readonly Step[] {
    const { batch, begin } = this.#begun(420)
    const delayMs = Math.round(this.#random.between(1_000, 1_500))
    const refused: HistoryRule = {
      address: senderOf(this.#seed, batch),
      at: 'mail',
      code: 550,
      message: 'not this sender',
      means: 'sender',
      delayMs,
    }
    const worker = this.#worker()
    return [
      { do: 'rules', rules: [refused, SLOWLY] },
      begin,
      // It asks twice, and is held between the two: the second answer waits for it.
      this.wait(delayMs + 700, 1.9 * delayMs + 500),
      { do: 'hold', worker },
      this.wait(3_000, 5_000),
      { do: 'rules', rules: [{ address: '*', at: 'data', delayMs: 300 }] },
      { do: 'retry', batch, filter: {} },
      { do: 'release', worker },
      this.wait(300, 800),
    ]
  }

  #retry(batch: number): Step {
    const some = [this.#address(batch), this.#address(batch)]
    const filter =
      this.#random.pick([
        {},
        {},
        { force: true },
        { errorCode: 'smtp_550' },
        { errorCode: 'smtp_550', force: true },
        { recipients: some, force: true },
      ]) ?? {}
    return { do: 'retry', batch, filter }
  }

  #resolve(batch: number): Step {
    const as = this.#random.pick(RESOLUTIONS) ?? 'sent'
    const recipients = [this.#address(batch), this.#address(batch), this.#address(batch)]
    return { do: 'resolve', batch, as, ...(this.#random.next() < 0.3 && { recipients }) }
  }
}

export function drawHistory(seed: number): History {
  const random = randomFrom(seed)
  const workers = random.next() < 0.7 ? 2 : 1
  const drawing = new Drawing(random, seed, workers)
  const steps: Step[] = [{ do: 'rules', rules: [SLOWLY] }, drawing.accept(), drawing.accept()]
  const most = random.between(6, 10)
  for (let drawn = 0; drawn < most; drawn += 1) steps.push(...drawing.next())
  return { seed, workers, steps, goesOn: random.next() < 0.7 }
}
