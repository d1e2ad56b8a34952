/** Whether a message comes from a topic of ours through Amazon SNS. */
import type { KeyObject } from 'node:crypto'
import { verify } from 'node:crypto'
import type { SnsMessage } from './snsMessage.ts'
import type { Verification } from './verification.ts'
import { parseSnsMessage, stringToSign } from './snsMessage.ts'
import { isCertificateUrl, isSubscribeUrl } from './snsUrls.ts'
import { forged, unavailable } from './verification.ts'

export interface SigningKeys {
  /** Whether a key can be given without asking anybody. */
  has(url: string): boolean
  keyOf(url: string): Promise<Verification<KeyObject>>
}

export interface SnsRules {
  readonly topicArns: readonly string[]
  /** `Sha256` refuses SignatureVersion 1, which is SHA-1. */
  readonly signatures: 'Any' | 'Sha256'
}

/** SNS tries for an hour at most, and the timestamp is that of the publication. */
const OLDEST_MS = 2 * 3_600_000
const CLOCKS_DIFFER_MS = 15 * 60_000
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Every refusal is final, except where the certificate cannot be had, or a true signature comes at an implausible time:
 * then it is perhaps our clock that is wrong, and SNS should try again. Nothing is fetched for a topic that is not ours;
 * whether it is ours counts only once the signature says that the topic is true.
 */
export async function verifySns(
  body: Uint8Array,
  rules: SnsRules,
  keys: SigningKeys,
  now: Date,
): Promise<Verification<SnsMessage>> {
  const message = parseSnsMessage(body)
  if (message === undefined) return forged('not a message of SNS')
  const fault = faultBefore(message, rules)
  if (fault !== undefined) return forged(fault)
  const { SigningCertURL: url, TopicArn: topicArn } = message
  if (!keys.has(url) && !rules.topicArns.includes(topicArn)) return forged('topic')
  const key = await keys.keyOf(url)
  if (key.kind !== 'genuine') return key
  const faultThen = faultOfSigned(message, rules, key.value)
  if (faultThen !== undefined) return forged(faultThen)
  return isTimely(message.Timestamp, now) ? { kind: 'genuine', value: message } : unavailable('timestamp')
}

/** What is wrong before anybody is asked for a key. */
function faultBefore(message: SnsMessage, { signatures }: SnsRules): string | undefined {
  const { SignatureVersion: version, Timestamp: timestamp, SigningCertURL: url, TopicArn: topicArn } = message
  if (digestOf(version, signatures) === undefined) return 'signature version'
  if (!INSTANT.test(timestamp) || Number.isNaN(Date.parse(timestamp))) return 'timestamp'
  return isCertificateUrl(url, topicArn) ? undefined : 'certificate URL'
}

function faultOfSigned(message: SnsMessage, rules: SnsRules, key: KeyObject): string | undefined {
  const { Type: type, TopicArn: topicArn, SubscribeURL: link = '' } = message
  if (!isSigned(message, rules, key)) return 'signature'
  if (!rules.topicArns.includes(topicArn)) return 'topic'
  return type === 'SubscriptionConfirmation' && !isSubscribeUrl(link, topicArn) ? 'subscribe URL' : undefined
}

function digestOf(version: string, signatures: SnsRules['signatures']): string | undefined {
  if (version === '2') return 'RSA-SHA256'
  return version === '1' && signatures === 'Any' ? 'RSA-SHA1' : undefined
}

function isTimely(timestamp: string, now: Date): boolean {
  const ageMs = now.getTime() - Date.parse(timestamp)
  return ageMs <= OLDEST_MS && ageMs >= -CLOCKS_DIFFER_MS
}

/** RSA PKCS #1 v1.5 over UTF-8. */
function isSigned(message: SnsMessage, { signatures }: SnsRules, key: KeyObject): boolean {
  const digest = digestOf(message.SignatureVersion, signatures)
  if (digest === undefined || !BASE64.test(message.Signature)) return false
  return verify(digest, Buffer.from(stringToSign(message)), key, Buffer.from(message.Signature, 'base64'))
}
