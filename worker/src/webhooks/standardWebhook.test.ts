import { createHmac, randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { parseWebhookSecret, verifyStandardWebhook } from './standardWebhook.ts'

const secret = `whsec_${randomBytes(24).toString('base64')}`
const other = `whsec_${randomBytes(24).toString('base64')}`
const key = (text: string) => parseWebhookSecret(text) ?? Buffer.alloc(0)
const now = new Date()
const seconds = (offset = 0) => String(Math.floor(now.getTime() / 1_000) + offset)
const BODY = '{"type":"email.delivered",  "data":{"to":["grüße@example.org"]}}'

/** As the reference implementation signs it. */
function signedBy(by: string, { id = 'msg_1', timestamp = seconds(), body = BODY, prefix = 'svix' } = {}) {
  const at = new Date(Number(timestamp) * 1_000)
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: timestamp,
    [`${prefix}-signature`]: new Webhook(by).sign(id, at, body),
  }
}

const verify = (headers: object, keys = [key(secret)], body = BODY) =>
  verifyStandardWebhook(Buffer.from(body), headers as Record<string, string>, keys, now)

describe('a standard webhook', () => {
  test.each(['svix', 'webhook'])('with %s headers is genuine', (prefix) => {
    expect(verify(signedBy(secret, { prefix }))).toEqual({ kind: 'genuine', value: { id: 'msg_1' } })
  })

  test('is genuine under any of several secrets, and with any of several signatures', () => {
    const headers = signedBy(secret)
    expect(verify(headers, [key(other), key(secret)])).toMatchObject({ kind: 'genuine' })
    const both = `${signedBy(other)['svix-signature'] ?? ''} ${headers['svix-signature'] ?? ''}`
    expect(verify({ ...headers, 'svix-signature': both })).toMatchObject({ kind: 'genuine' })
    expect(verify({ ...headers, 'svix-signature': `v1a,AAAA ${both}` })).toMatchObject({ kind: 'genuine' })
  })

  test.each([
    ['another secret', signedBy(other), BODY],
    ['another body', signedBy(secret), BODY.replace('delivered', 'bounced')],
    ['a body that was written anew', signedBy(secret), JSON.stringify(JSON.parse(BODY))],
    ['another id', { ...signedBy(secret), 'svix-id': 'msg_2' }, BODY],
    ['another time', { ...signedBy(secret), 'svix-timestamp': seconds(1) }, BODY],
  ])('with %s is forged', (_, headers, body) => {
    expect(verify(headers, [key(secret)], body)).toEqual({ kind: 'forged', why: 'signature' })
  })

  test.each(['svix-id', 'svix-timestamp', 'svix-signature'])('without %s is forged', (name) => {
    expect(verify({ ...signedBy(secret), [name]: undefined })).toMatchObject({ kind: 'forged' })
    expect(verify({ ...signedBy(secret), [name]: '' })).toMatchObject({ kind: 'forged' })
  })

  test.each([
    [-301, 'unavailable'],
    [-299, 'genuine'],
    [299, 'genuine'],
    [302, 'unavailable'],
  ])('sent %i s from now is %s', (offset, kind) => {
    expect(verify(signedBy(secret, { timestamp: seconds(offset) }))).toMatchObject({ kind })
  })

  test('of another time is forged when it is not signed', () => {
    expect(verify(signedBy(other, { timestamp: seconds(-301) }))).toEqual({
      kind: 'forged',
      why: 'signature',
    })
  })

  test.each([
    `${seconds()}junk`,
    `${seconds()}.5`,
    ` ${seconds()}`,
    `+${seconds()}`,
    '1e9',
    '-1',
    '9'.repeat(13),
  ])('whose timestamp is %s is forged, whatever its signature', (timestamp) => {
    const signature = createHmac('sha256', key(secret)).update(`msg_1.${timestamp}.${BODY}`).digest('base64')
    const headers = { 'svix-id': 'msg_1', 'svix-timestamp': timestamp, 'svix-signature': `v1,${signature}` }
    expect(verify(headers)).toEqual({ kind: 'forged', why: 'timestamp' })
  })

  test.each(['v1,', 'v1', 'v1,AAAA', 'v2,x', '', ',', 'v1,a,b', 'v1,=', ' '])(
    'with the signature %j is forged',
    (signature) => {
      expect(verify({ ...signedBy(secret), 'svix-signature': signature })).toMatchObject({ kind: 'forged' })
    },
  )

  test('under another version’s name is forged', () => {
    const headers = signedBy(secret)
    const signature = (headers['svix-signature'] ?? '').replace('v1,', 'v1a,')
    expect(verify({ ...headers, 'svix-signature': signature })).toMatchObject({ why: 'signature' })
  })

  test('cannot be judged while no secret is known, unless it is not even one', () => {
    expect(verify(signedBy(secret), [])).toMatchObject({ kind: 'unavailable' })
    expect(verify({}, [])).toMatchObject({ kind: 'forged' })
  })

  test('is judged as the reference implementation judges it', () => {
    for (let round = 0; round < 200; round += 1) {
      const body = randomBytes(round).toString('base64')
      const headers = signedBy(round % 2 === 0 ? secret : other, { id: `msg_${round}`, body })
      const reference = () => new Webhook(secret).verify(JSON.stringify(body), headers)
      const ours = verify(headers, [key(secret)], JSON.stringify(body)).kind === 'genuine'
      let theirs = true
      try {
        reference()
      } catch {
        theirs = false
      }
      expect(ours).toBe(theirs)
      expect(verify(headers, [key(secret)], body).kind === 'genuine').toBe(round % 2 === 0)
    }
  })
})

test('a secret is base64, with or without its prefix', () => {
  expect(parseWebhookSecret('whsec_AAAA\n')).toEqual(Buffer.alloc(3))
  expect(parseWebhookSecret('AAAA')).toEqual(Buffer.alloc(3))
  for (const text of ['', 'whsec_', 'whsec_!!!!', 'a b']) expect(parseWebhookSecret(text)).toBeUndefined()
})
