import { createServer } from 'node:http'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BatchView, Rig, WorkerProcess } from './rig.ts'
import { listen } from '../../hack/standins/listen.ts'
import { startResendDouble } from '../../hack/standins/resend.ts'
import { isFinished, startRig, TOKEN } from './rig.ts'
import { until } from './until.ts'

const BASE = 'https://mail.example.com/mails'
let rig: Rig
let worker: WorkerProcess
let settings: { unsubscribeBaseUrl: string; unsubscribeKeyFile: string; rateLimitPerIp: number }

beforeAll(async () => {
  rig = await startRig()
  const keyFile = join(rig.tokensDir, '..', 'unsubscribe-key')
  await writeFile(keyFile, `${randomBytes(32).toString('hex')}\n`)
  settings = { unsubscribeBaseUrl: BASE, unsubscribeKeyFile: keyFile, rateLimitPerIp: 40 }
  worker = await rig.worker(settings)
})
afterAll(() => rig.stop())

const batchTo = (addresses: string[], variables?: object) => ({
  from: 'News <news@example.org>',
  subject: 'News',
  text: 'Stop: {{unsubscribeUrl}}',
  html: '<a href="{{unsubscribeUrl}}">Stop</a>',
  recipients: addresses.map((address) => ({ address, ...(variables && { variables }) })),
})

/** A worker that has just started refuses batches until it has seen its database. */
async function send(addresses: string[], by = worker): Promise<BatchView> {
  const accepted = await until(
    () => by.post(batchTo(addresses)),
    ({ status }) => status === 202,
    by.log,
  )
  const { id } = (await accepted.json()) as BatchView
  return until(() => by.batch(id), isFinished, by.log)
}

/** The link in the header of the mail to an address, as it is reached here. */
async function linkOf(address: string): Promise<string> {
  const mail = (await rig.sink.messages()).findLast(
    ({ recipient }) => recipient.toLowerCase() === address.toLowerCase(),
  )
  expect(mail?.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
  const [, url = ''] = /^<(https:\/\/[^<>\s]+)>$/.exec(mail?.headers['list-unsubscribe'] ?? '') ?? []
  expect(url.startsWith(`${BASE}/u/`)).toBe(true)
  return `${worker.api}${url.slice(BASE.length)}`
}

const listed = async () => (await rig.sql('SELECT address_norm, reason FROM suppression ORDER BY 1')).length

const form = new FormData()
form.set('List-Unsubscribe', 'One-Click')

test.each<[string, RequestInit]>([
  ['a form', { body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) }],
  ['multipart', { body: form }],
  ['nothing', {}],
  ['what nobody asked for', { body: '{', headers: { 'content-type': 'application/json' } }],
])(
  'one click that posts %s is enough, looking changes nothing, and no further mail is sent',
  async (name, init) => {
    const address = `${name.replaceAll(' ', '-')}@Example.ORG`
    expect(await send([address])).toMatchObject({ counts: { sent: 1 } })
    const link = await linkOf(address)
    const before = await listed()
    const page = await fetch(link)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(await page.text()).toMatch(/<form method="post">/)
    expect((await fetch(link, { method: 'HEAD' })).status).toBe(200)
    expect(await listed()).toBe(before)
    for (let click = 0; click < 2; click += 1) {
      const done = await fetch(link, { method: 'POST', redirect: 'error', ...init })
      expect(done.status).toBe(200)
      expect(done.headers.get('set-cookie')).toBeNull()
    }
    const found = await worker.get(`/v1/suppressions/${encodeURIComponent(address)}`)
    expect(await found.json()).toMatchObject({ reason: 'unsubscribe' })
    expect(await send([address])).toMatchObject({ counts: { sent: 0, suppressed: 1 } })
  },
)

test('who unsubscribed under one spelling is mailed under none', async () => {
  await send(['Carol@example.org'])
  expect((await fetch(await linkOf('Carol@example.org'), { method: 'POST' })).status).toBe(200)
  expect(await send(['Carol@example.org', 'carol@example.org', 'CAROL@Example.org'])).toMatchObject({
    duplicates: 2,
    counts: { sent: 0, suppressed: 1 },
  })
  expect(await (await worker.get('/v1/suppressions/caroL@example.org')).json()).toMatchObject({
    address: 'carol@example.org',
    reason: 'unsubscribe',
  })
})

test('the link is in the text, the same at every attempt, and another one for everybody', async () => {
  await rig.sink.behave([{ address: 'twice@example.org', at: 'data', code: 451, times: 1 }])
  await send(['twice@example.org', 'other@example.org'])
  expect(await linkOf('twice@example.org')).not.toBe(await linkOf('other@example.org'))
})

test('who brings a variable of that name, or does without the set-up, is told', async () => {
  const reserved = await worker.post(
    batchTo(['v@example.org'], { unsubscribeUrl: 'https://elsewhere.example' }),
  )
  expect(reserved.status).toBe(400)
  expect(await reserved.json()).toMatchObject({
    errors: [{ pointer: '/recipients/0/variables/unsubscribeUrl', code: 'reserved_variable' }],
  })
  const plain = await rig.worker()
  expect((await plain.post(batchTo(['v@example.org']))).status).toBe(400)
  expect((await fetch(`${plain.api}/u/x`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(
    404,
  )
  await plain.kill()
})

test('a forged link does nothing, and trying many is limited while a true one always works', async () => {
  await send(['limit@example.org'])
  const link = await linkOf('limit@example.org')
  const before = await listed()
  const forged = `${link.slice(0, -5)}AAAAA`
  const statuses: number[] = []
  for (let index = 0; index < 60; index += 1) {
    statuses.push((await fetch(forged, { method: index % 2 === 0 ? 'POST' : 'GET' })).status)
  }
  expect(new Set(statuses)).toEqual(new Set([404, 429]))
  expect(statuses.filter((status) => status === 404).length).toBeLessThanOrEqual(40)
  expect(await listed()).toBe(before)
  for (let index = 0; index < 60; index += 1) {
    expect((await fetch(link, { method: 'POST' })).status).toBe(200)
  }
  const rows = await rig.sql(`SELECT FROM audit WHERE resource = '/v1/suppressions/limit@example.org'`)
  expect(rows).toHaveLength(1)
})

test('a click while PostgreSQL is away is answered with 503, and works afterwards', async () => {
  await send(['outage@example.org'])
  const link = await linkOf('outage@example.org')
  await rig.postgres.kill()
  expect((await fetch(link, { method: 'POST' })).status).toBe(503)
  await rig.postgres.restart()
  await until(
    async () => (await fetch(link, { method: 'POST' })).status,
    (status) => status === 200,
    worker.log,
  )
})

test('Resend and SES carry the headers, too', async () => {
  await worker.kill()
  const double = await startResendDouble()
  const resend = await rig.worker({
    ...settings,
    provider: 'resend',
    resendEndpoint: double.url,
    resendApiKey: 'k',
  })
  await send(['by-resend@example.org'], resend)
  await resend.kill()
  const [mail] = double.taken
  expect(mail?.headers).toMatchObject({
    'List-Unsubscribe': expect.stringMatching(/^<https:\/\/mail\.example\.com\/mails\/u\/[\w-]+>$/) as string,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  })
  await double.close()

  const messages: string[] = []
  // The emulator of SES parses mails and forgets their headers.
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method === 'GET') {
        const quota = { Max24HourSend: 50_000, MaxSendRate: 14, SentLast24Hours: 0 }
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ SendQuota: quota }))
        return
      }
      const { Content } = JSON.parse(Buffer.concat(chunks).toString()) as {
        Content: { Raw: { Data: string } }
      }
      messages.push(Buffer.from(Content.Raw.Data, 'base64').toString())
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ MessageId: 'm' }))
    })
  })
  const { url, close } = await listen(server, 0)
  const ses = await rig.worker({
    ...settings,
    provider: 'ses',
    sesRegion: 'eu-west-1',
    sesEndpoint: url,
    sesAccessKeyId: 'id',
    sesSecretAccessKey: 'secret',
  })
  await send(['by-ses@example.org'], ses)
  expect(messages).toHaveLength(1)
  expect(messages[0]).toMatch(/^List-Unsubscribe:\s+<https:\/\/mail\.example\.com\/mails\/u\/[\w-]+>\r$/m)
  expect(messages[0]).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r$/m)
  await ses.kill()
  await close()
})
