/** A way of breaking something by hand, what has to tell of it and when, and the way back: a row of the table of breaks. */
import type { Environment } from '../environment.ts'

/** A check (`nats-tls-adopted`) or a condition (`BackupReady`), and what it has to say. */
export interface Telling {
  readonly at: string
  /** State of a check, or status of a condition. */
  readonly is: 'Proven' | 'Failing' | 'Unknown' | 'NotConfigured' | 'True' | 'False'
  /** What its reason (of a condition) and message together have to match: `reason: message`. */
  readonly says?: RegExp
  readonly withinSeconds: number
}

export interface Break<Site extends Place = Place> {
  /** What is done, in the words of who does it. */
  readonly how: string
  readonly breakIt: (site: Site) => Promise<unknown>
  /** Who turns red; `undefined` when the operator mends it before anything may turn, as `mended` then sees. */
  readonly red?: Telling
  /** What has to hold meanwhile, such as that nothing was destroyed. Throws otherwise. */
  readonly whileRed?: (site: Site) => Promise<unknown>
  /** How it is mended; `undefined` when the operator does it. */
  readonly mend?: (site: Site) => Promise<unknown>
  /** Beyond the telling: what is in place again. Asked until it is `true`. */
  readonly mended?: (site: Site) => Promise<boolean>
  readonly green: Telling
  /** Conditions that have to stay True, and checks that have to stay Proven, all the time: `Ready`, for what is told beside it. */
  readonly steady?: readonly string[]
  /** Conditions that must not be True at any time: `Stalled`, for what is no person's to mend. */
  readonly never?: readonly string[]
}

/** Where a group of breaks happens: a BatchSender of its own. */
export interface Place {
  readonly here: Environment
  close(): Promise<void>
}

export interface Group<Site extends Place = Place> {
  readonly name: string
  readonly open: () => Promise<Site>
  readonly breaks: readonly Break<Site>[]
}

/** Keeps the type of the place of a group, which the table of all groups forgets. */
export function group<Site extends Place>(one: Group<Site>): Group {
  return one as unknown as Group
}
