import { createHmac, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SnsDouble, SnsFields } from '../../hack/standins/sns.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { resendEvent, sesEvent } from '../../hack/standins/providerEvents.ts'
import { confirmation, notification, signed, startSnsDouble, TOPIC } from '../../hack/standins/sns.ts'
import { startRig } from './rig.ts'
import { logged, until } from './until.ts'

const secret = () => `whsec_${randomBytes(24).toString('base64')}`

let rig: Rig
let sns: SnsDouble
let worker: WorkerProcess
let secretsDir: string
let resendSecret = secret()

beforeAll(async () => {
  ;[rig, sns, secretsDir] = await Promise.all([
    startRig(),
    startSnsDouble(),
    mkdtemp(join(tmpdir(), 'batchsender-secrets-')),
  ])
  await writeFile(join(secretsDir, '0'), resendSecret)
  worker = await freshWorker()
})
afterAll(async () => {
  await rig.stop()
  await sns.close()
  await rm(secretsDir, { recursive: true, force: true })
})
beforeEach(() => {
  sns.behave()
})

/** One that knows no certificate yet. */
const freshWorker = () =>
  rig.worker({ sesTopicArns: [TOPIC], resendWebhookSecretsDir: secretsDir }, { SNS_ORIGIN: sns.origin })

const postSns = (fields: object | string, to = worker, type: string | null = 'text/plain; charset=UTF-8') =>
  fetch(`${to.api}/webhooks/ses`, {
    method: 'POST',
    body: Buffer.from(typeof fields === 'string' ? fields : JSON.stringify(fields)),
    ...(type !== null && { headers: { 'content-type': type } }),
  })

const sign = (fields: SnsFields) => signed(fields, sns.privateKey)

const postResend = (body: string, by: string, { id = `msg_${randomBytes(8).toString('hex')}` } = {}) => {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const key = Buffer.from(by.slice('whsec_'.length), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return fetch(`${worker.api}/webhooks/resend`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'svix-id': id,
      'svix-timestamp': timestamp,
      'svix-signature': `v1,${signature}`,
    },
  })
}

const seen = async (messageId: string) =>
  rig.sql<{ type: string }>('SELECT type FROM webhook_seen WHERE message_id = $1', [messageId])

test.each([
  ['text/plain; charset=UTF-8', '1'],
  ['application/json', '2'],
  ['application/x-whatever', '2'],
  [null, '1'],
])('a message of SNS as %s is taken without a token', async (type, SignatureVersion) => {
  const fields = sign(notification(sesEvent('Delivery', {}), { SignatureVersion }))
  expect((await postSns(fields, worker, type)).status).toBe(200)
  expect(await seen(fields['MessageId'] ?? '')).toEqual([{ type: 'Delivery' }])
})

test('a message that tells nothing of a mail is taken, too', async () => {
  const fields = sign(notification('Successfully validated SNS topic for Amazon SES event publishing.'))
  expect((await postSns(fields)).status).toBe(200)
  expect(await seen(fields['MessageId'] ?? '')).toEqual([{ type: 'Notification' }])
})

test('of a message without its wrapping the log says what is wrong with the subscription', async () => {
  const { status } = await fetch(`${worker.api}/webhooks/ses`, {
    method: 'POST',
    body: sesEvent('Delivery', {}),
    headers: { 'x-amz-sns-rawdelivery': 'true' },
  })
  expect(status).toBe(401)
  await until(
    () => Promise.resolve(worker.log()),
    (log) => log.includes('raw message delivery is on'),
  )
})

test('a repeated message is taken once', async () => {
  const fields = sign(notification(sesEvent('Delivery', {})))
  const answers = await Promise.all(Array.from({ length: 20 }, () => postSns(fields)))
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  expect(await seen(fields['MessageId'] ?? '')).toHaveLength(1)
})

test.each<[string, () => object | string]>([
  ['nothing', () => ''],
  ['no JSON', () => '{'],
  ['no signature', () => notification('{}')],
  ['another text', () => ({ ...sign(notification('{}')), Message: '{"eventType":"Bounce"}' })],
  ['a foreign topic', () => sign(notification('{}', { TopicArn: `${TOPIC}-foreign` }))],
  [
    'a confirmation of another link',
    () => ({ ...sign(confirmation('SubscriptionConfirmation')), Token: 'x' }),
  ],
])('%s is refused with 401 and nothing from inside', async (_, fields) => {
  const asked = sns.asked.length
  const response = await postSns(fields())
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBeNull()
  expect(await response.json()).toEqual({
    type: 'https://batchsender.io/problems/webhook-signature',
    title: 'The signature is missing or wrong',
    status: 401,
    instance: response.headers.get('x-request-id'),
  })
  expect(sns.asked.slice(asked).filter((path) => path.includes('Action'))).toEqual([])
})

test('a forged one is written into the audit log, without what it says', async () => {
  const marked = { ...notification('{"eventType":"Bounce"}'), Signature: 'a-forged-signature' }
  expect((await postSns(marked)).status).toBe(401)
  const items = await until(
    async () => {
      const answer = await worker.get('/v1/audit?action=access.refused&limit=100')
      return ((await answer.json()) as { items: { resource: string; metadata: { reason?: string } }[] }).items
    },
    (told) => told.some(({ metadata }) => metadata.reason === 'webhook-signature'),
    worker.log,
  )
  const forged = items.filter(({ metadata }) => metadata.reason === 'webhook-signature')
  expect(new Set(forged.map(({ resource }) => resource))).toEqual(new Set(['/webhooks/ses']))
  expect(JSON.stringify(items)).not.toMatch(/a-forged-signature|eventType/)
})

test('a token opens no webhook, and a webhook’s path nothing else', async () => {
  const unsigned = await fetch(`${worker.api}/webhooks/ses`, {
    method: 'POST',
    body: JSON.stringify(notification('{}')),
    headers: { authorization: 'Bearer a-token-of-the-tests' },
  })
  expect(unsigned.status).toBe(401)
  expect((await fetch(`${worker.api}/webhooks/other`, { method: 'POST', body: '' })).status).toBe(401)
  expect((await fetch(`${worker.api}/webhooks/ses`)).status).toBe(401)
})

test('what is larger than SNS can send is refused', async () => {
  expect((await postSns('x'.repeat(800_000))).status).toBe(413)
})

test.each<[string, Parameters<SnsDouble['behave']>[0]]>([
  ['answers 503', (response) => response.writeHead(503).end('later')],
  ['answers 404', (response) => response.writeHead(404).end('none')],
  ['redirects', (response) => response.writeHead(302, { location: '/elsewhere.pem' }).end()],
  ['answers without end', (response, pem) => response.writeHead(200).end(pem + ' '.repeat(100_000))],
  ['answers something else', (response) => response.writeHead(200).end('<html></html>')],
  ['breaks off', (response) => response.destroy()],
  ['says nothing', () => undefined],
])('while the host of the certificate %s it is 503, afterwards 200', async (_, answer) => {
  const fresh = await freshWorker()
  const fields = sign(notification('{}'))
  sns.behave(answer)
  const asked = sns.asked.length
  const refused = await Promise.all([postSns(fields, fresh), postSns(fields, fresh)])
  expect(refused.map(({ status }) => status)).toEqual([503, 503])
  expect(refused[0].headers.get('retry-after')).not.toBeNull()
  expect(sns.asked.length - asked).toBeLessThanOrEqual(2)
  expect(sns.asked).not.toContain('/elsewhere.pem')
  sns.behave()
  expect((await postSns(fields, fresh)).status).toBe(200)
  await fresh.kill()
})

test('a certificate is fetched once for many messages', async () => {
  const fresh = await freshWorker()
  const asked = sns.asked.length
  const all = Array.from({ length: 50 }, () => postSns(sign(notification('{}')), fresh))
  expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]))
  expect(sns.asked.length - asked).toBe(1)
  await fresh.kill()
})

test('a subscription is confirmed when the message is genuine, and again when it is repeated', async () => {
  const fields = sign(confirmation('SubscriptionConfirmation'))
  sns.behave((response) => response.writeHead(500).end())
  expect((await postSns(fields)).status).toBe(503)
  expect(await seen(fields['MessageId'] ?? '')).toEqual([])
  sns.behave()
  expect((await postSns(fields)).status).toBe(200)
  const link = new URL(fields['SubscribeURL'] ?? '')
  expect(sns.asked.filter((path) => path === `${link.pathname}${link.search}`)).toHaveLength(2)
  expect(await seen(fields['MessageId'] ?? '')).toEqual([{ type: 'SubscriptionConfirmation' }])
})

test('the end of a subscription is written down and its link left alone', async () => {
  const asked = sns.asked.length
  const fields = sign(confirmation('UnsubscribeConfirmation'))
  expect((await postSns(fields)).status).toBe(200)
  expect(await seen(fields['MessageId'] ?? '')).toEqual([{ type: 'UnsubscribeConfirmation' }])
  expect(sns.asked.slice(asked)).toEqual([])
  await logged(worker, 'the topic was unsubscribed')
})

test('Resend is heard under its secret, and under the next one as soon as that is there', async () => {
  const body = resendEvent('email.delivered', {})
  expect((await postResend(body, resendSecret, { id: 'msg_first' })).status).toBe(200)
  expect((await postResend(body, resendSecret, { id: 'msg_first' })).status).toBe(200)
  expect(await seen('msg_first')).toEqual([{ type: 'email.delivered' }])
  const next = secret()
  expect((await postResend(body, next)).status).toBe(401)
  await writeFile(join(secretsDir, '1'), `${next}\n`)
  await until(
    async () => (await postResend(body, next)).status,
    (status) => status === 200,
  )
  expect((await postResend(body, resendSecret)).status).toBe(200)
  await writeFile(join(secretsDir, '0'), 'no secret')
  await until(
    async () => (await postResend(body, resendSecret)).status,
    (status) => status === 401,
  )
  expect((await postResend(body, next)).status).toBe(200)
  await rm(join(secretsDir, '0'))
  resendSecret = next
})

test.each(['{}', '[]', 'not even JSON'])('%s that is signed is taken, ignored and counted', async (body) => {
  expect((await postResend(body, resendSecret, { id: 'msg_nothing' })).status).toBe(200)
  expect(await seen('msg_nothing')).toEqual([])
  const metrics = await (await fetch(`${worker.internal}/metrics`)).text()
  expect(metrics).toMatch(/batchsender_webhooks_total\{provider="resend",type="",result="ignored"\} [1-9]/)
})

test('without the headers of a signature Resend is refused', async () => {
  const response = await fetch(`${worker.api}/webhooks/resend`, {
    method: 'POST',
    body: resendEvent('email.delivered', {}),
    headers: { 'content-type': 'application/json' },
  })
  expect(response.status).toBe(401)
})

test('what is not configured is not there', async () => {
  const bare = await rig.worker()
  expect((await postSns(sign(notification('{}')), bare)).status).toBe(401)
  expect(
    (
      await fetch(`${bare.api}/webhooks/ses`, {
        method: 'POST',
        headers: { authorization: 'Bearer a-token-of-the-tests' },
      })
    ).status,
  ).toBe(404)
  await bare.kill()
})

test('what was answered with 200 survives the death of worker and database; without a database it is 503', async () => {
  const fields = sign(notification('{}'))
  expect((await postSns(fields)).status).toBe(200)
  await Promise.all([worker.kill(), rig.postgres.kill()])
  await rig.postgres.start()
  await worker.start()
  expect(await seen(fields['MessageId'] ?? '')).toHaveLength(1)
  const later = sign(notification('{}'))
  expect((await postSns(later)).status).toBe(200)
  await rig.postgres.kill()
  const lost = sign(notification('{}'))
  expect((await postSns(lost)).status).toBe(503)
  expect((await postResend(resendEvent('email.delivered', {}), resendSecret)).status).toBe(503)
  const forged = await postSns({ ...lost, Message: 'x' })
  expect(forged.status).toBe(401)
  await rig.postgres.start()
  await until(
    async () => (await postSns(lost)).status,
    (status) => status === 200,
    worker.log,
  )
  expect(await seen(lost['MessageId'] ?? '')).toHaveLength(1)
})

test('nothing of this is limited, and the outcomes are counted', async () => {
  const answers = await Promise.all(Array.from({ length: 300 }, () => postSns(notification('{}'))))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
  const metrics = await (await fetch(`${worker.internal}/metrics`)).text()
  expect(metrics).toMatch(/batchsender_webhooks_total\{provider="ses",type="",result="forged"\} \d+/)
  expect(metrics).toMatch(
    /batchsender_webhooks_total\{provider="ses",type="Notification",result="taken"\} \d+/,
  )
  expect(worker.log()).not.toContain(resendSecret)
})
