import { generateKeyPairSync, sign } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Certificate, SnsFields } from '../../../hack/standins/sns.ts'
import type { SigningKeys, SnsRules } from './sns.ts'
import {
  CERTIFICATE_URL,
  confirmation,
  issueCertificate,
  notification,
  signed,
  TOPIC,
} from '../../../hack/standins/sns.ts'
import { parseSigningCertificate } from './signingCertificate.ts'
import { verifySns } from './sns.ts'
import { parseSnsMessage, stringToSign } from './snsMessage.ts'
import { isCertificateUrl, isSubscribeUrl } from './snsUrls.ts'
import { unavailable } from './verification.ts'

const RULES: SnsRules = { topicArns: [TOPIC], signatures: 'Any' }
const now = new Date()
const ago = (ms: number) => new Date(now.getTime() - ms).toISOString()
const HOUR_MS = 3_600_000

let certificate: Certificate
let keys: SigningKeys
beforeAll(async () => {
  certificate = await issueCertificate()
  const { key } = parseSigningCertificate(certificate.pem, now)
  keys = { has: () => true, keyOf: () => Promise.resolve({ kind: 'genuine', value: key }) }
})

const bytes = (fields: object) => Buffer.from(JSON.stringify(fields))
const sign1 = (fields: SnsFields) => signed(fields, certificate.privateKey)
const verify = (fields: object, rules = RULES, with_ = keys) => verifySns(bytes(fields), rules, with_, now)

describe('a message of SNS', () => {
  test.each([
    ['in the first version, SHA-1', { SignatureVersion: '1' }],
    ['in the second version, SHA-256', { SignatureVersion: '2' }],
    ['with a subject', { Subject: 'Amazon SES Email Event Notification' }],
    ['with letters outside ASCII and line breaks', { Message: 'Grüße\n"😀"\u2028', Subject: 'ü' }],
    ['that was tried again for an hour', { Timestamp: ago(HOUR_MS) }],
    ['from a clock that is a little ahead', { Timestamp: ago(-60_000) }],
  ])('%s is genuine', async (_, more) => {
    expect(await verify(sign1(notification('{}', more)))).toMatchObject({ kind: 'genuine' })
  })

  test.each(['SubscriptionConfirmation', 'UnsubscribeConfirmation'] as const)(
    'of type %s is genuine: its link and token are signed, too',
    async (type) => {
      expect(await verify(sign1(confirmation(type)))).toMatchObject({ kind: 'genuine' })
    },
  )

  test.each(['Message', 'MessageId', 'Subject', 'Timestamp'])(
    'whose %s was changed is forged',
    async (name) => {
      const fields = sign1(notification('{}', { Subject: 's' }))
      expect(await verify({ ...fields, [name]: name === 'Timestamp' ? ago(5) : 'changed' })).toEqual({
        kind: 'forged',
        why: 'signature',
      })
    },
  )

  test.each(['SubscribeURL', 'Token'])('whose %s was changed is forged', async (name) => {
    const fields = sign1(confirmation('SubscriptionConfirmation'))
    expect(await verify({ ...fields, [name]: `${fields[name] ?? ''}0` })).toMatchObject({ why: 'signature' })
  })

  test.each<[string, SnsFields, string]>([
    ['tells no time', { Timestamp: 'yesterday' }, 'timestamp'],
    ['has another signature version', { SignatureVersion: '3' }, 'signature version'],
    ['is of a foreign topic', { TopicArn: `${TOPIC}-foreign` }, 'topic'],
    ['names a certificate elsewhere', { SigningCertURL: 'https://evil.example/a.pem' }, 'certificate URL'],
    ['is of no known type', { Type: 'Greeting' }, 'not a message of SNS'],
  ])('that %s is forged, though well signed', async (_, more, why) => {
    expect(await verify(sign1(notification('{}', more)))).toEqual({ kind: 'forged', why })
  })

  test.each([
    ['is too old', ago(2 * HOUR_MS + 1_000)],
    ['comes from the future', ago(-HOUR_MS)],
  ])('that %s is to be sent again when it is well signed: our clock may be wrong', async (_, Timestamp) => {
    const fields = sign1(notification('{}', { Timestamp }))
    expect(await verify(fields)).toEqual({ kind: 'unavailable', why: 'timestamp' })
    expect(await verify({ ...fields, Message: 'x' })).toEqual({ kind: 'forged', why: 'signature' })
  })

  test('of brackets only is forged before anything is made of it', async () => {
    const nested = Buffer.from(`{"Type":${'['.repeat(700_000)}${']'.repeat(700_000)}}`)
    expect(await verifySns(nested, RULES, keys, now)).toEqual({ kind: 'forged', why: 'not a message of SNS' })
  })

  test('signed with SHA-1 is refused where only SHA-256 is wanted', async () => {
    const rules = { ...RULES, signatures: 'Sha256' } as const
    expect(await verify(sign1(notification('{}')), rules)).toMatchObject({ why: 'signature version' })
    const second = sign1(notification('{}', { SignatureVersion: '2' }))
    expect(await verify(second, rules)).toMatchObject({ kind: 'genuine' })
  })

  test('signed by another key is forged', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    expect(await verify(signed(notification('{}'), privateKey))).toMatchObject({ why: 'signature' })
  })

  test('signed over a text without the last newline is forged', async () => {
    const fields = notification('{}')
    const text = stringToSign(fields as never)
    expect(text.endsWith('Notification\n')).toBe(true)
    const Signature = sign('RSA-SHA1', Buffer.from(text.trimEnd()), certificate.privateKey).toString('base64')
    expect(await verify({ ...fields, Signature })).toMatchObject({ why: 'signature' })
  })

  test('with junk for a signature is forged', async () => {
    for (const Signature of ['', '!', 'AAAA', 'é']) {
      expect(await verify({ ...notification('{}'), Signature })).toMatchObject({ kind: 'forged' })
    }
  })

  test('of a topic that is not ours makes us fetch nothing', async () => {
    const none: SigningKeys = { has: () => false, keyOf: () => Promise.reject(new Error('fetched')) }
    const fields = sign1(notification('{}', { TopicArn: `${TOPIC}-foreign` }))
    expect(await verify(fields, RULES, none)).toEqual({ kind: 'forged', why: 'topic' })
  })

  test('whose certificate cannot be had is neither genuine nor forged', async () => {
    const none: SigningKeys = { has: () => false, keyOf: () => Promise.resolve(unavailable('away')) }
    expect(await verify(sign1(notification('{}')), RULES, none)).toMatchObject({ kind: 'unavailable' })
  })

  test('that would make us follow another link than the confirmation of this topic is forged', async () => {
    const fields = confirmation('SubscriptionConfirmation')
    for (const link of [
      'http://169.254.169.254/latest/meta-data',
      (fields['SubscribeURL'] ?? '').replace('ConfirmSubscription', 'DeleteTopic'),
      (fields['SubscribeURL'] ?? '').replace(TOPIC, `${TOPIC}-other`),
    ]) {
      expect(await verify(sign1({ ...fields, SubscribeURL: link }))).toMatchObject({ why: 'subscribe URL' })
    }
  })

  test('is an object with every field that a signature needs', () => {
    const fields = sign1(notification('{}'))
    expect(parseSnsMessage(bytes(fields))).toBeDefined()
    for (const name of [
      'Type',
      'MessageId',
      'TopicArn',
      'Timestamp',
      'Message',
      'Signature',
      'SigningCertURL',
    ]) {
      expect(parseSnsMessage(bytes({ ...fields, [name]: undefined }))).toBeUndefined()
      expect(parseSnsMessage(bytes({ ...fields, [name]: 7 }))).toBeUndefined()
    }
    const link = confirmation('SubscriptionConfirmation')
    expect(parseSnsMessage(bytes({ ...sign1(link), SubscribeURL: undefined }))).toBeUndefined()
    expect(parseSnsMessage(bytes({ ...fields, Subject: null }))).toBeDefined()
    expect(parseSnsMessage(bytes({ ...fields, Subject: {} }))).toBeUndefined()
    for (const body of ['', 'null', '[]', '"text"', '{']) {
      expect(parseSnsMessage(Buffer.from(body))).toBeUndefined()
    }
    expect(parseSnsMessage(Buffer.from([0x7b, 0xff, 0x7d]))).toBeUndefined()
  })
})

describe('a certificate URL', () => {
  test.each([
    CERTIFICATE_URL.replace('https', 'http'),
    CERTIFICATE_URL.replace('https', 'HTTPS'),
    CERTIFICATE_URL.replace('eu-west-1', 'us-east-1'),
    CERTIFICATE_URL.replace('sns.', 'sns-x.'),
    CERTIFICATE_URL.replace('amazonaws.com', 'amazonaws.com.evil.example'),
    CERTIFICATE_URL.replace('amazonaws.com', 'amazonaws.com:8443'),
    CERTIFICATE_URL.replace('amazonaws.com', 'amazonaws.com:443'),
    CERTIFICATE_URL.replace('https://', 'https://user:word@'),
    CERTIFICATE_URL.replace('https://', 'https://evil.example/'),
    CERTIFICATE_URL.replace('https://sns', 'https://evil.example#sns'),
    CERTIFICATE_URL.replace('.amazonaws', '%2eamazonaws'),
    CERTIFICATE_URL.replace('.pem', '.pem?x=1'),
    CERTIFICATE_URL.replace('.pem', '.pem#x'),
    CERTIFICATE_URL.replace('.pem', '.txt'),
    CERTIFICATE_URL.replace('/Simple', '/../Simple'),
    CERTIFICATE_URL.replace('/Simple', '/bucket/Simple'),
    CERTIFICATE_URL.replace('0123', 'wxyz'),
    ` ${CERTIFICATE_URL}`,
    'https://s3.amazonaws.com/SimpleNotificationService-00.pem',
    'https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-00.pem',
  ])('%s is refused', (url) => {
    expect(isCertificateUrl(url, TOPIC)).toBe(false)
  })

  test.each([
    [CERTIFICATE_URL, TOPIC],
    [
      CERTIFICATE_URL.replaceAll('eu-west-1', 'us-gov-west-1'),
      TOPIC.replace('aws:sns:eu', 'aws-us-gov:sns:us-gov'),
    ],
    [
      CERTIFICATE_URL.replace('eu-west-1.amazonaws.com', 'cn-north-1.amazonaws.com.cn'),
      'arn:aws-cn:sns:cn-north-1:123456789012:mail-events',
    ],
  ])('%s is taken for %s', (url, topic) => {
    expect(isCertificateUrl(url, topic)).toBe(true)
  })

  test('without a topic is none', () => {
    expect(isCertificateUrl(CERTIFICATE_URL, '')).toBe(false)
    expect(isCertificateUrl(CERTIFICATE_URL, 'arn:aws:sqs:eu-west-1:123456789012:mail-events')).toBe(false)
  })
})

test('a link may confirm once, at the host of SNS', () => {
  const link = confirmation('SubscriptionConfirmation')['SubscribeURL'] ?? ''
  expect(isSubscribeUrl(link, TOPIC)).toBe(true)
  expect(isSubscribeUrl(`${link}&Action=DeleteTopic`, TOPIC)).toBe(false)
  expect(isSubscribeUrl(link.replace('/?', '/path?'), TOPIC)).toBe(false)
  expect(isSubscribeUrl(link.replace('https', 'http'), TOPIC)).toBe(false)
})

describe('a signing certificate', () => {
  const DAY_MS = 86_400_000
  test.each([
    [
      'has ended',
      { notBefore: new Date(now.getTime() - 2 * DAY_MS), notAfter: new Date(now.getTime() - DAY_MS) },
    ],
    ['has not begun', { notBefore: new Date(now.getTime() + DAY_MS / 2) }],
    ['was issued by a stranger', { issuer: 'C=US, O=Stranger, CN=Amazon RSA 2048 M01' }],
    ['is that of another host', { subject: 'CN=www.example.org' }],
  ])('that %s is refused', async (_, options) => {
    const { pem } = await issueCertificate(options)
    expect(() => parseSigningCertificate(pem, now)).toThrow('the certificate')
  })

  test('that is none is refused', () => {
    expect(() => parseSigningCertificate('<html>503</html>', now)).toThrow()
  })
})
