import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { tryForged } from './forgery.ts'
import { resendReceiver, sesReceiver } from './receiver.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const taken: unknown[] = []
const take = (message: unknown) => {
  taken.push(message)
  return Promise.resolve()
}
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })

const ses = (hasKey: boolean) =>
  sesReceiver({
    rules: { topicArns: ['arn:aws:sns:us-east-1:123456789012:mails'], signatures: 'Any' },
    keys: {
      has: () => hasKey,
      keyOf: () => {
        if (!hasKey) throw new Error('a forgery must not make anybody dial')
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
  { why: 'of a topic of nobody', provider: 'ses', receiver: ses(false), kind: 'forged' },
  { why: 'that a known key did not sign', provider: 'ses', receiver: ses(true), kind: 'forged' },
  {
    why: 'that no secret signed',
    provider: 'resend',
    receiver: resend(Buffer.from('secret')),
    kind: 'forged',
  },
  { why: 'without a secret to tell by', provider: 'resend', receiver: resend(), kind: 'unavailable' },
  { why: 'of a provider that has none', provider: 'smtp', receiver: resend(), kind: undefined },
])('a message of $provider $why is $kind', async ({ provider, receiver, kind }) => {
  expect(await tryForged(provider, receiver, NOW)).toBe(kind)
  expect(taken).toEqual([])
})

it('is told when whatever comes is taken for genuine', async () => {
  const takesAnything = () => Promise.resolve({ kind: 'genuine', value: { type: '' } } as const)
  expect(await tryForged('resend', takesAnything, NOW)).toBe('genuine')
})
