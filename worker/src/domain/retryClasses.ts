/** What a provider's answer means for a recipient, its batch and the provider: the one table of retry classes. */
import type { RecipientState } from './recipientState.ts'
import { backoffMs } from './backoff.ts'

export const RETRY_CLASSES = {
  accepted: { why: 'the provider took the mail', state: 'sent', spendsTry: true, pauseMs: 0 },
  recipient: { why: 'refused for good', state: 'failed', spendsTry: true, pauseMs: 0 },
  sender: { why: 'no mail of this sender will be taken', state: 'failed', spendsTry: true, pauseMs: 0 },
  transient: { why: 'refused for now', state: 'deferred', spendsTry: true, pauseMs: 0 },
  throttle: {
    why: 'sent too fast, not the mail’s fault',
    state: 'deferred',
    spendsTry: false,
    pauseMs: 1_000,
  },
  unreachable: { why: 'never left this process', state: 'deferred', spendsTry: false, pauseMs: 1_000 },
  account: { why: 'our credentials are refused', state: 'deferred', spendsTry: false, pauseMs: 15_000 },
  quota: {
    why: 'the account may send no more until its quota is renewed',
    state: 'deferred',
    spendsTry: false,
    pauseMs: 60_000,
  },
  mismatch: {
    why: 'another mail went under this idempotency key: our mistake, for a person to look at',
    state: 'uncertain',
    spendsTry: true,
    pauseMs: 0,
  },
  ambiguous: {
    why: 'perhaps accepted',
    state: 'uncertain',
    spendsTry: true,
    pauseMs: 1_000,
    // One connection that breaks is nobody's outage; many are, and would leave the whole batch in doubt.
    patience: 10,
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
    /** How many in a row it takes for that, where one does not. */
    readonly patience?: number
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

const UNSPENT_DELAY_MS = 5_000

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
  /** What the provider asked for. */
  readonly retryAfterMs?: number | undefined
  /** 0 ≤ x < 1. */
  readonly random: number
}

/** What becomes of a recipient after an attempt. */
export function verdictOf(tried: Tried): Verdict {
  const { spendsTry } = RETRY_CLASSES[tried.retryClass]
  const tries = tried.tries + (spendsTry ? 1 : 0)
  const state = stateAfter(tried)
  if (state !== 'deferred') return { state, tries, dueMs: 0 }
  if (tries >= MAX_TRIES) {
    return { state: tried.retryClass === 'ambiguous' ? 'uncertain' : 'failed', tries, dueMs: 0 }
  }
  const delayMs = spendsTry
    ? backoffMs(tries, tried.random)
    : Math.round(UNSPENT_DELAY_MS * (0.5 + tried.random))
  return { state, tries, dueMs: Math.max(delayMs, tried.retryAfterMs ?? 0) }
}

function stateAfter({ retryClass, onUncertain }: Tried): RecipientState {
  if (retryClass === 'ambiguous' && onUncertain === 'Resend') return 'deferred'
  return RETRY_CLASSES[retryClass].state
}
