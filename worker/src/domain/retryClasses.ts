/** What a provider's answer means for a recipient, its batch and the provider: the one table of retry classes. */
import type { RecipientState } from './recipientState.ts'
import { backoffMs, unspentMs } from './backoff.ts'

const DAY_MS = 86_400_000
/** RFC 5321 §4.5.4.1: whoever gives up does so after 4 to 5 days at least. */
const GIVE_UP_MS = 5 * DAY_MS
/** What a person has to mend is mended by a person, whom a weekend may keep away. */
const MENDED_BY_HAND_MS = 7 * DAY_MS
/** One mailbox, or one connection, is nobody's outage. */
const SEVERAL = 3

export const RETRY_CLASSES = {
  accepted: { why: 'the provider took the mail', state: 'sent', spendsTry: true, pauseMs: 0, maxAgeMs: 0 },
  recipient: { why: 'refused for good', state: 'failed', spendsTry: true, pauseMs: 0, maxAgeMs: 0 },
  sender: {
    why: 'no mail of this sender will be taken',
    state: 'failed',
    spendsTry: true,
    pauseMs: 0,
    maxAgeMs: 0,
  },
  transient: {
    why: 'refused for now, or for a reason that nobody knows',
    state: 'deferred',
    spendsTry: true,
    pauseMs: 0,
    maxAgeMs: GIVE_UP_MS,
  },
  throttle: {
    why: 'sent too fast, not the mail’s fault',
    state: 'deferred',
    spendsTry: false,
    pauseMs: 1_000,
    patience: SEVERAL,
    maxAgeMs: GIVE_UP_MS,
  },
  unreachable: {
    why: 'the server, or the way to it: no mail is taken of anybody',
    state: 'deferred',
    spendsTry: false,
    pauseMs: 1_000,
    patience: SEVERAL,
    maxAgeMs: GIVE_UP_MS,
  },
  account: {
    why: 'our login, our address or our account is refused',
    state: 'deferred',
    spendsTry: false,
    pauseMs: 15_000,
    patience: SEVERAL,
    maxAgeMs: MENDED_BY_HAND_MS,
  },
  quota: {
    why: 'the account may send no more until its quota is renewed',
    state: 'deferred',
    spendsTry: false,
    pauseMs: 60_000,
    patience: SEVERAL,
    maxAgeMs: MENDED_BY_HAND_MS,
  },
  mismatch: {
    why: 'another mail went under this idempotency key: our mistake, for a person to look at',
    state: 'uncertain',
    spendsTry: true,
    pauseMs: 0,
    maxAgeMs: 0,
  },
  ambiguous: {
    why: 'perhaps accepted',
    state: 'uncertain',
    spendsTry: true,
    pauseMs: 1_000,
    // Many that break would leave the whole batch in doubt.
    patience: 10,
    maxAgeMs: GIVE_UP_MS,
  },
} as const satisfies Record<
  string,
  {
    readonly why: string
    readonly state: RecipientState
    /** Tries are limited; what is not the mail's fault costs none. */
    readonly spendsTry: boolean
    /** How long nothing more is handed to the provider; doubled while it goes on. */
    readonly pauseMs: number
    /** How many recipients in a row it takes for that, where one does not. */
    readonly patience?: number
    /** How old the refusals of a recipient may get, before it ends; 0 where it is never tried again. */
    readonly maxAgeMs: number
  }
>

/** Classes of which a failed recipient may fare better when a person asks for another run: something else was at fault. */
export const RETRIABLE_CLASSES = [
  'sender',
  'transient',
  'throttle',
  'unreachable',
  'account',
  'quota',
] as const satisfies readonly (keyof typeof RETRY_CLASSES)[]

export type RetryClass = keyof typeof RETRY_CLASSES

/** About ten hours with the back-off of `backoffMs`. */
export const MAX_TRIES = 16

export type OnUncertain = 'Hold' | 'Resend'

export interface Verdict {
  readonly state: RecipientState
  /** Tries spent, this one included. */
  readonly tries: number
  /** Until the next claim; 0 when there is none. */
  readonly dueMs: number
}

export interface Tried {
  readonly retryClass: RetryClass
  /** Tries spent before this one. */
  readonly tries: number
  readonly onUncertain: OnUncertain
  /** Since the recipient was tried first in this run. */
  readonly ageMs: number
  /** What the provider asked for. */
  readonly retryAfterMs?: number | undefined
  /** 0 ≤ x < 1. */
  readonly random: number
}

/** What becomes of a recipient after an attempt. Whatever is tried again ends: by its tries, or by its age. */
export function verdictOf(tried: Tried): Verdict {
  const { spendsTry, maxAgeMs } = RETRY_CLASSES[tried.retryClass]
  const tries = tried.tries + (spendsTry ? 1 : 0)
  const state = stateAfter(tried)
  if (state !== 'deferred') return { state, tries, dueMs: 0 }
  if (tries >= MAX_TRIES || tried.ageMs >= maxAgeMs) {
    return { state: tried.retryClass === 'ambiguous' ? 'uncertain' : 'failed', tries, dueMs: 0 }
  }
  const delayMs = spendsTry ? backoffMs(tries, tried.random) : unspentMs(tried.ageMs, tried.random)
  return { state, tries, dueMs: Math.max(delayMs, tried.retryAfterMs ?? 0) }
}

function stateAfter({ retryClass, onUncertain }: Tried): RecipientState {
  if (retryClass === 'ambiguous' && onUncertain === 'Resend') return 'deferred'
  return RETRY_CLASSES[retryClass].state
}
