import { request, type ClientRequest } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MemoryLimit } from '../../hack/servers/memoryLimit.ts'
import { limitMemory } from '../../hack/servers/memoryLimit.ts'
import { resendEvent } from '../../hack/standins/providerEvents.ts'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { batchOf, isFinished, startRig, TOKEN } from './rig.ts'
import { until } from './until.ts'

/** The limit that a worker has when the spec says nothing of resources. */
const DEFAULT_LIMIT = 512 * 1_048_576
const SECRET = randomBytes(24)

let rig: Rig
let limit: MemoryLimit
let worker: WorkerProcess
let secretsDir: string

beforeAll(async () => {
  ;[rig, limit, secretsDir] = await Promise.all([
    startRig(),
    limitMemory(DEFAULT_LIMIT),
    mkdtemp(join(tmpdir(), 'batchsender-secrets-')),
  ])
  await writeFile(join(secretsDir, '0'), `whsec_${SECRET.toString('base64')}`)
  worker = await rig.worker({ resendWebhookSecretsDir: secretsDir }, {}, limit)
  limit.watch(() => worker.pid())
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 20 }])
  console.log(`memory limited by: ${limit.kind}`)
})
afterAll(async () => {
  await rig.stop()
  await limit.stop()
  await rm(secretsDir, { recursive: true, force: true })
})

/** 8.6 MB. */
const LARGE = JSON.stringify({
  ...batchOf(0),
  recipients: Array.from({ length: 50_000 }, (_, index) => ({
    address: `recipient-${index}@a-domain-of-some-length.example.org`,
    variables: { name: `N${index}`, order: `order-${index}`, link: `https://example.org/${'x'.repeat(40)}` },
  })),
})

/** What is sent of a body, and then nothing more. */
function stalled(path: string, announced: number, sent: number, from = '127.0.0.1'): ClientRequest {
  const { port } = new URL(worker.api)
  const client = request({
    port,
    path,
    method: 'POST',
    localAddress: from,
    headers: {
      'content-length': announced,
      'content-type': 'application/json',
      authorization: `Bearer ${TOKEN}`,
      'idempotency-key': randomBytes(8).toString('hex'),
    },
  })
  client.on('error', () => undefined)
  client.write(Buffer.alloc(sent, ' '))
  return client
}

async function genuineWebhook(from: string): Promise<number> {
  const [id, timestamp] = [`msg_${randomBytes(8).toString('hex')}`, String(Math.floor(Date.now() / 1_000))]
  const body = resendEvent('email.delivered', {})
  const signature = createHmac('sha256', SECRET).update(`${id}.${timestamp}.${body}`).digest('base64')
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  request({
    port: new URL(worker.api).port,
    path: '/webhooks/resend',
    method: 'POST',
    localAddress: from,
    headers: { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': `v1,${signature}` },
  })
    .on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    .on('error', reject)
    .end(body)
  return promise
}

test('ten batches of 8.6 MB and bodies made to explode at once: nobody dies, nothing is uncertain', async () => {
  expect(LARGE.length).toBeGreaterThan(8_600_000)
  const pid = worker.pid()
  const small = await worker.accept(2_000, 'meanwhile')
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => worker.post(LARGE)),
    worker.post('['.repeat(10_000_000)),
    worker.post(`${'['.repeat(5_000_000)}${']'.repeat(5_000_000)}`),
    worker.post(`[${'{},'.repeat(3_300_000)}{}]`),
    worker.post(`{${'"a":'.repeat(2_500_000)}`),
  ])
  const statuses = answers.map(({ status }) => status)
  console.log(`answers: ${statuses.join(' ')}`)
  for (const status of statuses.slice(0, 10)) expect([202, 503]).toContain(status)
  expect(statuses.filter((status) => status === 202).length).toBeGreaterThan(0)
  for (const status of statuses.slice(10)) expect([400, 413, 503]).toContain(status)
  for (const answer of answers.filter(({ status }) => status === 503)) {
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await answer.json()).toMatchObject({ type: 'https://batchsender.io/problems/unavailable' })
  }
  for (const answer of answers.filter(({ status }) => status === 202))
    expect((await worker.command(((await answer.json()) as BatchView).id, 'cancel')).status).toBe(200)

  const batch = await until(() => worker.batch(small), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 2_000, uncertain: 0 } })
  expect(worker.pid()).toBe(pid)
  expect(worker.log().match(/"serving"/g)).toHaveLength(1)
  expect(await rig.sql(`SELECT FROM recipient WHERE state = 'uncertain'`)).toEqual([])
})

test('alone, each of them is told what is wrong with it, and a large batch is accepted', async () => {
  const deep = await worker.post('['.repeat(10_000_000))
  expect(deep.status).toBe(400)
  expect(await deep.json()).toMatchObject({ errors: [{ pointer: '', code: 'too_deep' }] })
  expect((await worker.post(`[${'{},'.repeat(3_300_000)}{}]`)).status).toBe(413)
  const wide = JSON.stringify({
    ...batchOf(0),
    recipients: Array.from({ length: 28_000 }, (_, index) => ({
      address: `r${index}@example.org`,
      variables: Object.fromEntries([
        ['name', 'N'],
        ...Array.from('abcdefghijklmnopqrstuvwxy', (letter) => [letter, `v${index}`] as const),
      ]),
    })),
  })
  expect(wide.length).toBeGreaterThan(10_000_000)
  const accepted = await worker.post(wide)
  expect(accepted.status).toBe(202)
  await worker.command(((await accepted.json()) as BatchView).id, 'cancel')
})

test('who hangs up while it is being served holds nothing for ever', async () => {
  const { port } = new URL(worker.api)
  for (const hangUp of ['half way', 'at the end'] as const) {
    const client = request({
      port,
      path: '/v1/batches',
      method: 'POST',
      headers: {
        'content-length': LARGE.length,
        'content-type': 'application/json',
        authorization: `Bearer ${TOKEN}`,
        'idempotency-key': hangUp,
      },
    })
    client.on('error', () => undefined)
    if (hangUp === 'at the end') client.end(LARGE, () => client.destroy())
    else client.write(LARGE.slice(0, 4_000_000), () => client.destroy())
    await new Promise((resolve) => client.on('close', resolve))
  }
  await until(
    async () => /^batchsender_http_body_bytes\{kind="(?!open).*\} [1-9].*$/m.exec(await metrics()),
    (held) => held === null,
  )
  expect((await worker.post({ ...batchOf(1), subject: 'x', text: 'x' })).status).toBe(202)
})

test('webhooks that stall keep out no genuine one, whatever they announced', async () => {
  const clients = Array.from({ length: 86 }, () => stalled('/webhooks/resend', 786_432, 1))
  expect(await genuineWebhook('127.0.0.1')).toBe(200)
  clients.push(...Array.from({ length: 86 }, () => stalled('/webhooks/resend', 786_432, 700_000)))
  await until(
    async () => Number(/^batchsender_http_body_bytes\{kind="open"\} (\d+)/m.exec(await metrics())?.[1]),
    (bytes) => bytes > 7_000_000,
  )
  expect(await genuineWebhook('127.0.0.2')).toBe(200)
  for (const client of clients) client.destroy()
  await until(
    () => genuineWebhook('127.0.0.1'),
    (status) => status === 200,
  )
})

const metrics = async () => (await fetch(`${worker.internal}/metrics`)).text()

test('a body that does not come is not waited for', async () => {
  const client = stalled('/webhooks/resend', 1_000, 1)
  const { promise, resolve } = Promise.withResolvers<number>()
  client.on('response', (response) => {
    resolve(response.statusCode ?? 0)
  })
  expect(await promise).toBe(408)
})
