/**
 * A message as Amazon SNS posts it, and the text that its signature covers.
 * Source: Amazon SNS developer guide, "Verifying the signatures of Amazon SNS messages".
 */
import { jsonOutline } from '../jsonOutline.ts'

export type SnsType = 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation'

export interface SnsMessage {
  readonly Type: SnsType
  readonly MessageId: string
  readonly TopicArn: string
  readonly Timestamp: string
  readonly Message: string
  readonly Signature: string
  readonly SignatureVersion: string
  readonly SigningCertURL: string
  readonly Subject?: string
  readonly SubscribeURL?: string
  readonly Token?: string
}

const REQUIRED = [
  'Type',
  'MessageId',
  'TopicArn',
  'Timestamp',
  'Message',
  'Signature',
  'SignatureVersion',
  'SigningCertURL',
] as const satisfies readonly (keyof SnsMessage)[]

/** Both confirmations sign their link, in byte order like the others. */
const CONFIRMATION = [
  'Message',
  'MessageId',
  'SubscribeURL',
  'Timestamp',
  'Token',
  'TopicArn',
  'Type',
] as const

const SIGNED: Readonly<Record<SnsType, readonly (keyof SnsMessage)[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: CONFIRMATION,
  UnsubscribeConfirmation: CONFIRMATION,
}

const MESSAGE_ID = /^[\x21-\x7e]{1,100}$/

/** @returns undefined for what SNS would never send. */
export function parseSnsMessage(body: Uint8Array): SnsMessage | undefined {
  const parsed = parseObject(body)
  if (parsed === undefined || REQUIRED.some((name) => typeof parsed[name] !== 'string')) return undefined
  const type = String(parsed['Type'])
  if (!Object.hasOwn(SIGNED, type) || !MESSAGE_ID.test(String(parsed['MessageId']))) return undefined
  const optional = ['Subject', 'SubscribeURL', 'Token'].map((name) => parsed[name] ?? undefined)
  if (optional.some((value) => value !== undefined && typeof value !== 'string')) return undefined
  const [, link, token] = optional
  if (type !== 'Notification' && (link === undefined || token === undefined)) return undefined
  return parsed as unknown as SnsMessage
}

/** Name and value of each signed field, each followed by a newline, the last one too. */
export function stringToSign(message: SnsMessage): string {
  return SIGNED[message.Type]
    .flatMap((name) => {
      const value: unknown = message[name]
      return typeof value === 'string' ? [`${name}\n${value}\n`] : []
    })
    .join('')
}

/** What SNS sends is flat but for the attributes of a message; a stranger's brackets are not worth the parser's time. */
const PLAUSIBLE = { maxDepth: 8, maxCostBytes: 16 * 1_048_576 }

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (!jsonOutline(body, PLAUSIBLE).ok) return undefined
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
