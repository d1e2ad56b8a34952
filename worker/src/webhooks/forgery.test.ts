import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { sampleOf, tryForged, type SnsSample } from './forgery.ts'
import { resendReceiver, sesReceiver, type Receiver } from './receiver.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const taken: unknown[] = []
const take = (message: unknown) => {
  taken.push(message)
  return Promise.resolve()
}
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:mails'
const CERTIFICATE = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc123.pem'
const OURS: SnsSample = { topicArn: TOPIC, certificateUrl: CERTIFICATE }

const ses = (hasKey: boolean) =>
  sesReceiver({
    rules: { topicArns: [TOPIC], signatures: 'Any' },
    keys: {
      has: (url) => hasKey && url === CERTIFICATE,
      keyOf: (url) => {
        if (!hasKey || url !== CERTIFICATE) throw new Error('a forgery must not make anybody dial')
        return Promise.resolve({ kind: 'genuine', value: publicKey })
      },
    },
    take,
    confirm: () => Promise.reject(new Error('nothing is confirmed')),
    now: () => NOW,
  })
const resend = (...secrets: readonly Buffer[]) =>
  resendReceiver({ secrets: () => secrets, take, now: () => NOW })

it.each([
  { why: 'before a key is known', provider: 'ses', receiver: ses(false), kind: 'unavailable' },
  {
    why: 'that a known key did not sign',
    provider: 'ses',
    receiver: ses(true),
    sample: OURS,
    kind: 'forged',
  },
  {
    why: 'that no secret signed',
    provider: 'resend',
    receiver: resend(Buffer.from('secret')),
    kind: 'forged',
  },
  { why: 'without a secret to tell by', provider: 'resend', receiver: resend(), kind: 'unavailable' },
  { why: 'of a provider that has none', provider: 'smtp', receiver: resend(), kind: undefined },
])('a message of $provider $why is $kind', async ({ provider, receiver, sample, kind }) => {
  expect(await tryForged(provider, receiver, NOW, sample)).toBe(kind)
  expect(taken).toEqual([])
})

it('is told when whatever comes is taken for genuine', async () => {
  const takesAnything = () => Promise.resolve({ kind: 'genuine', value: { type: '' } } as const)
  expect(await tryForged('resend', takesAnything, NOW)).toBe('genuine')
})

it('is refused for its signature and for nothing before that', async () => {
  const whys: unknown[] = []
  const listening: Receiver = async (body, headers) => {
    const received = await ses(true)(body, headers)
    whys.push('why' in received ? received.why : received.kind)
    return received
  }
  await tryForged('ses', listening, NOW, OURS)
  expect(whys).toEqual(['signature'])
})

it('names a topic of ours whose key is at hand', () => {
  const elsewhere = 'arn:aws:sns:us-east-1:123456789012:mails'
  expect(sampleOf([elsewhere, TOPIC], [CERTIFICATE])).toEqual(OURS)
  expect(sampleOf([elsewhere], [CERTIFICATE])).toBeUndefined()
  expect(sampleOf([TOPIC], [])).toBeUndefined()
})
