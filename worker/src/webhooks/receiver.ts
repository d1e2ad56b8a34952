/** Takes a provider's webhook: verified, then written, then answered. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Incoming } from './ports.ts'
import type { SigningKeys, SnsRules } from './sns.ts'
import type { SnsMessage } from './snsMessage.ts'
import type { Verification } from './verification.ts'
import { parseResendEvent, resendEventName } from './resendEvent.ts'
import { parseSesEvent, sesEventName } from './sesEvent.ts'
import { verifySns } from './sns.ts'
import { verifyStandardWebhook } from './standardWebhook.ts'
import { forged, unavailable } from './verification.ts'

export type Received =
  | Verification<{ readonly type: string }>
  /** From whom it claims to be, and no event: sending it again changes nothing. */
  | { readonly kind: 'ignored'; readonly why: string }

/** @param body as it came, byte for byte. Rejects never. */
export type Receiver = (body: Uint8Array, headers: IncomingHttpHeaders) => Promise<Received>

export interface SesReceiverOptions {
  readonly rules: SnsRules
  readonly keys: SigningKeys
  /** Durable when it resolves. */
  readonly take: (message: Incoming) => Promise<void>
  /** Follows the link that confirms a subscription. @throws when it is not answered with 200 */
  readonly confirm: (url: string) => Promise<unknown>
  readonly now: () => Date
}

/** What SNS says with each message of a subscription that has it on. */
const RAW_DELIVERY = 'x-amz-sns-rawdelivery'

export function sesReceiver({ rules, keys, take, confirm, now }: SesReceiverOptions): Receiver {
  return async (body, headers) => {
    const verified = await verifySns(body, rules, keys, now())
    if (verified.kind === 'forged' && headers[RAW_DELIVERY] !== undefined)
      return forged(`${verified.why}: raw message delivery is on, and such messages are not signed`)
    if (verified.kind !== 'genuine') return verified
    const message = verified.value
    const { Type: type, SubscribeURL: link } = message
    // Unsubscribing is only written down: its link would subscribe again.
    if (type === 'SubscriptionConfirmation' && link !== undefined) {
      const isConfirmed = await confirm(link).then(
        () => true,
        () => false,
      )
      if (!isConfirmed) return unavailable('the subscription cannot be confirmed')
    }
    return takeIn(incomingOf(message), take)
  }
}

export interface ResendReceiverOptions {
  readonly secrets: () => readonly Buffer[]
  readonly take: (message: Incoming) => Promise<void>
  readonly now: () => Date
}

export function resendReceiver({ secrets, take, now }: ResendReceiverOptions): Receiver {
  return async (body, headers) => {
    const verified = verifyStandardWebhook(body, headers, secrets(), now())
    if (verified.kind !== 'genuine') return verified
    const text = Buffer.from(body).toString('utf8')
    const type = resendEventName(text)
    if (type === undefined) return { kind: 'ignored', why: 'not an event of Resend' }
    return takeIn(
      { provider: 'resend', messageId: verified.value.id, type, event: parseResendEvent(text) },
      take,
    )
  }
}

async function takeIn(message: Incoming, take: (message: Incoming) => Promise<void>): Promise<Received> {
  try {
    await take(message)
    return { kind: 'genuine', value: { type: message.type } }
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : 'it cannot be written')
  }
}

function incomingOf({ Type: type, MessageId: messageId, Message: text }: SnsMessage): Incoming {
  const isEvent = type === 'Notification'
  return {
    provider: 'ses',
    messageId,
    type: (isEvent ? sesEventName(text) : undefined) ?? type,
    event: isEvent ? parseSesEvent(text) : undefined,
  }
}
