/**
 * A double of Amazon SNS as a subscriber sees it: signs messages, serves the certificate and takes confirmations. That
 * the real one signs the same it cannot show; the text it signs is written down apart from the worker's.
 */
import 'reflect-metadata'
import type { KeyObject } from 'node:crypto'
import type { Server, ServerResponse } from 'node:http'
import { generateKeyPairSync, randomUUID, sign, webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { X509CertificateGenerator } from '@peculiar/x509'
import { listen } from './listen.ts'

export type SnsFields = Readonly<Record<string, string>>

export interface Certificate {
  readonly pem: string
  readonly privateKey: KeyObject
}

export interface CertificateOptions {
  readonly issuer?: string
  readonly subject?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const REGION = 'eu-west-1'
export const TOPIC = `arn:aws:sns:${REGION}:123456789012:mail-events`
const HOST = `https://sns.${REGION}.amazonaws.com`
export const CERTIFICATE_URL = `${HOST}/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem`

const DAY_MS = 86_400_000

/** A certificate as Amazon issues them for SNS. */
export async function issueCertificate(options: CertificateOptions = {}): Promise<Certificate> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const issuer = await webcrypto.subtle.generateKey(
    { ...algorithm, modulusLength: 2_048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    ['sign', 'verify'],
  )
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    issuer: options.issuer ?? 'C=US, O=Amazon, CN=Amazon RSA 2048 M01',
    subject: options.subject ?? `CN=sns.${REGION}.amazonaws.com`,
    notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + DAY_MS),
    publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    signingKey: issuer.privateKey,
    signingAlgorithm: algorithm,
  })
  return { pem: certificate.toString('pem'), privateKey }
}

/** A notification around `message`; `more` replaces fields. */
export function notification(message: string, more: SnsFields = {}): SnsFields {
  return {
    Type: 'Notification',
    MessageId: randomUUID(),
    TopicArn: TOPIC,
    Message: message,
    Timestamp: new Date().toISOString(),
    SignatureVersion: '1',
    SigningCertURL: CERTIFICATE_URL,
    UnsubscribeURL: `${HOST}/?Action=Unsubscribe`,
    ...more,
  }
}

export function confirmation(type: 'SubscriptionConfirmation' | 'UnsubscribeConfirmation'): SnsFields {
  const token = randomUUID()
  return notification('You have chosen to subscribe', {
    Type: type,
    Token: token,
    SubscribeURL: `${HOST}/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=${token}`,
  })
}

/** With the signature that SNS would give it. */
export function signed(fields: SnsFields, privateKey: KeyObject): SnsFields {
  const names = ['Message', 'MessageId', 'SubscribeURL', 'Subject', 'Timestamp', 'Token', 'TopicArn', 'Type']
  const text = names
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}\n${fields[name] ?? ''}\n`)
    .join('')
  const digest = fields['SignatureVersion'] === '2' ? 'RSA-SHA256' : 'RSA-SHA1'
  return { ...fields, Signature: sign(digest, Buffer.from(text), privateKey).toString('base64') }
}

export interface SnsDouble {
  /** To be asked instead of `https://sns.<region>.amazonaws.com`. */
  readonly origin: string
  readonly privateKey: KeyObject
  /** Paths with queries that were asked for. */
  readonly asked: readonly string[]
  /** Answers so from now on; as SNS does when nothing is given. */
  behave(answer?: (response: ServerResponse, pem: string) => void): void
  close(): Promise<void>
}

export async function startSnsDouble(): Promise<SnsDouble> {
  const { pem, privateKey } = await issueCertificate()
  const asked: string[] = []
  const usual = (response: ServerResponse) => response.writeHead(200).end(pem)
  let answer: (response: ServerResponse, pem: string) => void = usual
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(response, pem)
  })
  const { url, close } = await listen(server, 0)
  return {
    origin: url,
    privateKey,
    asked,
    behave: (next = usual) => {
      answer = next
    },
    close,
  }
}
