/** What the sink of a history answers: refusals of every class and stage, some of everybody, some of a few. */
import type { Random } from '../../../hack/soak/random.ts'
import type { SinkRule } from '../../../hack/standins/sinkBehaviour.ts'
import type { RetryClass } from '../../src/domain/retryClasses.ts'

export interface HistoryRule extends SinkRule {
  /** What it is to be taken for; unset where it refuses nothing. */
  readonly means?: RetryClass
}

interface Refusal extends Required<Pick<HistoryRule, 'at' | 'code' | 'message' | 'means'>> {
  /** Of whom it is said: all, a few recipients, or one batch's sender. */
  readonly of: 'all' | 'few' | 'sender'
  /** How often to each, where it is not for ever. */
  readonly times?: number
}

const REFUSALS: readonly Refusal[] = [
  { of: 'all', at: 'greeting', code: 421, message: 'not now', means: 'unreachable', times: 3 },
  { of: 'all', at: 'greeting', code: 554, message: 'no service here', means: 'unreachable', times: 2 },
  { of: 'all', at: 'ehlo', code: 421, message: 'closing', means: 'unreachable', times: 2 },
  { of: 'all', at: 'auth', code: 454, message: '4.7.0 temporary failure', means: 'account', times: 2 },
  { of: 'all', at: 'auth', code: 535, message: '5.7.8 credentials are invalid', means: 'account', times: 1 },
  { of: 'all', at: 'rcpt', code: 451, message: '4.4.1 no answer from host', means: 'unreachable', times: 1 },
  { of: 'all', at: 'rcpt', code: 550, message: 'no', means: 'recipient' },
  { of: 'all', at: 'data', code: 550, message: '5.1.1 unknown user', means: 'recipient' },
  {
    of: 'all',
    at: 'data',
    code: 451,
    message: '4.3.2 not accepting messages',
    means: 'unreachable',
    times: 1,
  },
  { of: 'few', at: 'rcpt', code: 550, message: '5.1.1 no such user', means: 'recipient' },
  { of: 'few', at: 'rcpt', code: 551, message: 'not local', means: 'recipient' },
  { of: 'few', at: 'data', code: 550, message: '5.7.2 not allowed to the list', means: 'recipient' },
  { of: 'few', at: 'rcpt', code: 450, message: '4.2.1 busy', means: 'transient', times: 1 },
  { of: 'few', at: 'rcpt', code: 452, message: '4.2.2 mailbox full', means: 'transient', times: 2 },
  { of: 'few', at: 'data', code: 554, message: '5.6.0 content', means: 'transient', times: 2 },
  { of: 'few', at: 'rcpt', code: 554, message: '5.7.1 relay access denied', means: 'account', times: 1 },
  { of: 'few', at: 'data', code: 452, message: 'daily sending quota exceeded', means: 'quota', times: 1 },
  { of: 'few', at: 'rcpt', code: 450, message: '4.7.1 too fast, slow down', means: 'throttle', times: 1 },
  { of: 'few', at: 'rcpt', code: 421, message: 'closing', means: 'unreachable', times: 2 },
  { of: 'sender', at: 'mail', code: 550, message: 'not this sender', means: 'sender' },
  { of: 'sender', at: 'mail', code: 553, message: '5.1.8 bad sender', means: 'sender', times: 4 },
  { of: 'sender', at: 'mail', code: 421, message: 'closing', means: 'unreachable', times: 3 },
]

export const addressOf = (seed: number, batch: number, seq: number): string =>
  `h${seed}b${batch}-${seq}@example.org`
export const senderOf = (seed: number, batch: number): string => `h${seed}b${batch}@example.org`

/** So that there are mails under way at any moment. */
export const SLOWLY: HistoryRule = { address: '*', at: 'data', delayMs: 100 }

/** Whose refusals are to be drawn: the sizes of the batches so far. */
export interface Drawn {
  readonly seed: number
  readonly sizes: readonly number[]
}

export function drawRules(random: Random, { seed, sizes }: Drawn): readonly HistoryRule[] {
  const batch = random.next() < 0.6 ? sizes.length - 1 : Math.floor(random.between(0, sizes.length))
  const few = () =>
    Array.from({ length: Math.ceil(random.between(0, 25)) }, () =>
      addressOf(seed, batch, Math.floor(random.between(0, sizes[batch] ?? 1))),
    )
  const fitted = ({ of: whom, ...rule }: Refusal): readonly HistoryRule[] => {
    const delayed = {
      ...rule,
      ...(random.next() < 0.3 && { delayMs: Math.round(random.between(100, 1_500)) }),
    }
    if (whom === 'few') return few().map((address) => ({ ...delayed, address }))
    return [{ ...delayed, address: whom === 'all' ? '*' : senderOf(seed, batch) }]
  }
  const drops = (): readonly HistoryRule[] =>
    few().map((address) => ({ address, at: 'data', drop: true, times: 1 }))
  const drawn = Array.from({ length: Math.ceil(random.between(0, 3)) }, () => {
    const refusal = random.pick(REFUSALS)
    return refusal === undefined || random.next() < 0.25 ? drops() : fitted(refusal)
  })
  return [...drawn.flat(), SLOWLY]
}

/** Whether a rule ever spoke of this recipient, or of its sender. */
export const speaksOf = (rule: HistoryRule, address: string, sender: string): boolean =>
  rule.address === '*' || rule.address === (rule.at === 'mail' ? sender : address)
