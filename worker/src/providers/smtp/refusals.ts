/**
 * Whose fault a refusal of an SMTP server is: first by where in the conversation it came, then by the enhanced and the
 * basic code (RFC 5321 §4.2, RFC 3463, RFC 5248, RFC 7372, RFC 7504, RFC 7505), and by words where those leave it open.
 * `recipient` is final, so it is said only where stage and code say it; what nobody knows is `transient`.
 */
import type { Stage } from '../../domain/reply.ts'
import type { RetryClass } from '../../domain/retryClasses.ts'
import type { Topic } from '../replyWords.ts'
import { enhancedCodeOf, isBeforeMail, wordsOf } from '../../domain/reply.ts'
import { topicOf } from '../replyWords.ts'

export interface Refusal {
  readonly stage: Stage | undefined
  readonly replyCode: number
  /** The server's words with their codes. */
  readonly text: string
}

interface Told {
  readonly stage: Stage | undefined
  readonly replyCode: number
  /** Such as `1.1` of `5.1.1`; empty when there is none. */
  readonly subject: string
  readonly topic: Topic | undefined
}

type Row = readonly [when: (told: Told) => boolean, retryClass: RetryClass, why: string]

const AUTH_CODES = [530, 534, 535, 538]
/** Syntax, sequence and size: of the dialogue or the mail, not of who sends it. */
const OF_THE_DIALOGUE = [500, 501, 502, 503, 504, 521, 552, 555]

const coded = (codes: RegExp) => {
  const whole = new RegExp(`^(?:${codes.source})$`)
  return ({ subject }: Told) => whole.test(subject)
}
const about =
  (...topics: readonly Topic[]) =>
  ({ topic }: Told) =>
    topic !== undefined && topics.includes(topic)
const at =
  (...stages: readonly Stage[]) =>
  ({ stage }: Told) =>
    stage !== undefined && stages.includes(stage)
const basic =
  (...codes: readonly number[]) =>
  ({ replyCode }: Told) =>
    codes.includes(replyCode)
const both =
  (...conditions: readonly ((told: Told) => boolean)[]) =>
  (told: Told) =>
    conditions.every((condition) => condition(told))
const either =
  (...conditions: readonly ((told: Told) => boolean)[]) =>
  (told: Told) =>
    conditions.some((condition) => condition(told))
const notOfTheDialogue = ({ replyCode }: Told) => !OF_THE_DIALOGUE.includes(replyCode)
const always = () => true

/** No mail has been spoken of, so it is about us or the way. */
const BEFORE_MAIL: readonly Row[] = [
  [about('connections', 'throttle', 'greylisting'), 'throttle', 'too many at once, or too soon'],
  [about('quota'), 'quota', 'the account'],
  [either(at('auth'), basic(...AUTH_CODES)), 'account', 'our credentials'],
  [
    either(
      about('account'),
      both(coded(/7\.\d+/), ({ replyCode }) => replyCode >= 500),
    ),
    'account',
    'our address',
  ],
  [coded(/7\.\d+/), 'throttle', 'our address, for now'],
  [always, 'unreachable', 'the server takes mail of nobody, or the way to it is another'],
]

const FOR_NOW: readonly Row[] = [
  [basic(...AUTH_CODES), 'account', 'our credentials'],
  [
    either(about('connections'), basic(432)),
    'throttle',
    'even with a code of a mailbox: connections are ours',
  ],
  [coded(/[12]\.\d+/), 'transient', 'RFC 3463 §3.2, §3.3: an address, a mailbox'],
  [about('greylisting', 'fullMailbox', 'restrictedMailbox'), 'transient', 'a mailbox'],
  [about('quota'), 'quota', 'the account'],
  [about('throttle'), 'throttle', 'too fast'],
  [about('account'), 'account', 'our address or login'],
  [about('sender', 'recipient', 'content'), 'transient', 'a mail, for now'],
  [coded(/5\.3/), 'throttle', 'RFC 3463 §3.6: too many recipients, of a mail that has one'],
  [coded(/7\.\d+/), 'throttle', 'RFC 3463 §3.8 names us, not the mailbox'],
  [coded(/3\.[125]|4\.\d+/), 'unreachable', 'RFC 3463 §3.4, §3.5: the system, the way'],
  [either(basic(421), at('mail')), 'unreachable', 'the service, and before any recipient was named'],
  [always, 'transient', 'RFC 5321 §4.2.1'],
]

/** Codes of an address, a mailbox, or the policy of its owner. */
const OF_MAILBOX = /1\.([12346]|10)|2\.[134]|7\.(2|17|18|19|504|505|12\d|13\d|193)/

/** Codes that leave nothing to words. */
const FOR_GOOD_BY_CODE: readonly Row[] = [
  [basic(...AUTH_CODES), 'account', 'RFC 4954'],
  [coded(/1\.[78]/), 'sender', 'the sender’s address'],
  [both(coded(OF_MAILBOX), at('mail'), notOfTheDialogue), 'sender', 'no other address has been named'],
  [both(coded(OF_MAILBOX), at('mail')), 'transient', 'the dialogue'],
  [coded(/1\.([12346]|10)/), 'recipient', 'the address'],
  [both(coded(/2\.1/), ({ topic }) => topic !== 'fullMailbox'), 'recipient', 'a mailbox that is shut'],
  [coded(/2\.[34]/), 'recipient', 'its limit of size, or a list'],
  [coded(/2\.2/), 'transient', 'a mailbox that is full may be emptied'],
  [
    coded(/7\.(2|17|18|19|504|505|12\d|13\d|193)/),
    'recipient',
    'RFC 3463, RFC 7293, Exchange: its owner’s policy',
  ],
  [
    coded(/7\.(2[0-4679]|30|40|60|509|512|515)/),
    'sender',
    'RFC 7372, RFC 7505, Gmail, Exchange: SPF, DKIM, DMARC, send as',
  ],
  [
    coded(/7\.(25|3|8|1[1-4]|5[047]|64|50[1236]|508|511|6\d\d|7\d\d)/),
    'account',
    'login, reverse DNS, relay, tenant or address',
  ],
  [coded(/7\.10/), 'unreachable', 'the registry of RFC 5248: encryption is wanted'],
  [coded(/7\.28/), 'throttle', 'the registry of RFC 5248: a flood'],
  [coded(/7\.23[23]/), 'quota', 'Exchange: the limit of the tenant'],
]

const FOR_GOOD: readonly Row[] = [
  ...FOR_GOOD_BY_CODE,
  [about('connections', 'throttle'), 'throttle', 'too many at once, too fast'],
  [about('greylisting', 'fullMailbox'), 'transient', 'a mailbox, for now'],
  [about('quota'), 'quota', 'the account'],
  [about('account'), 'account', 'relay, blocklist, login'],
  [both(about('sender'), notOfTheDialogue), 'sender', 'who sends'],
  [
    both(about('recipient', 'restrictedMailbox'), at('rcpt', 'end_of_data')),
    'recipient',
    'the mailbox or its policy',
  ],
  [coded(/3\.[25]|4\.\d+/), 'unreachable', 'the system, the way'],
  [basic(521), 'unreachable', 'RFC 7504: a server that takes no mail'],
  [basic(...OF_THE_DIALOGUE), 'transient', 'the dialogue or the size of the mail'],
  [both(at('mail'), ({ topic }) => topic !== 'content'), 'sender', 'all that has been said is who sends'],
  [about('content'), 'transient', 'the mail, or a rule that is not told'],
  [both(at('rcpt'), coded(/1\.[059]|2\.0|6\.7/)), 'recipient', 'the address, the mailbox'],
  [
    both(at('rcpt'), basic(550, 551, 553, 556), coded(/|0\.0/)),
    'recipient',
    'RFC 5321 §4.3.2, without a word of another',
  ],
  [always, 'transient', 'nobody knows, so it is not final'],
]

export function classOfRefusal({ stage, replyCode, text }: Refusal): RetryClass {
  const told = {
    stage,
    replyCode,
    subject: enhancedCodeOf(text)?.slice(2) ?? '',
    topic: topicOf(wordsOf(text)),
  }
  const table = isBeforeMail(stage) ? BEFORE_MAIL : replyCode < 500 ? FOR_NOW : FOR_GOOD
  return table.find(([when]) => when(told))?.[1] ?? 'transient'
}

/** Whether it says that there are too many connections: fewer may do. */
export function isOfConnections({ text }: Pick<Refusal, 'text'>): boolean {
  return topicOf(wordsOf(text)) === 'connections'
}
