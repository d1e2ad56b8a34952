import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ResendDouble } from '../../hack/standins/resend.ts'
import type { OutgoingMail, Provider } from '../src/sending/ports.ts'
import type { Rig } from './rig.ts'
import { ChildServer } from '../../hack/servers/childServer.ts'
import { freePort } from '../../hack/servers/ports.ts'
import { listen } from '../../hack/standins/listen.ts'
import { startResendDouble } from '../../hack/standins/resend.ts'
import { resend } from '../src/providers/resend.ts'
import { ses } from '../src/providers/ses.ts'
import { AFTER_A_KILL_MS, isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

const mail = (seq: number): OutgoingMail => ({
  from: 'Jürgen, "J" <sender@example.org>',
  to: `r${seq}@example.org`,
  subject: 'Grüße',
  text: 'Text',
  html: '<p>Html</p>',
  messageId: `<batch.${seq}@example.org>`,
  headers: { 'X-Batch-Id': 'batch', 'X-Batch-Recipient': String(seq) },
  mime: () => 'Subject: S\r\n\r\nText\r\n',
})

const sesAt = (endpoint: string): Provider =>
  ses({
    region: 'eu-west-1',
    endpoint,
    configurationSet: undefined,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    connections: 5,
  })

let rig: Rig
let double: ResendDouble
let emulator: ChildServer
let sesUrl: string

beforeAll(async () => {
  const port = await freePort()
  sesUrl = `http://127.0.0.1:${port}`
  emulator = await new ChildServer({
    program: process.execPath,
    args: [createRequire(import.meta.url).resolve('aws-ses-v2-local/dist/cli.js'), '--port', String(port)],
    port,
  }).start()
  double = await startResendDouble()
  rig = await startRig()
})
afterAll(async () => {
  await emulator.stop()
  await double.close()
  await rig.stop()
})
beforeEach(() => {
  double.behave([])
})

interface Stored {
  readonly emails: {
    readonly messageId: string
    readonly subject: string
    readonly destination: { to: string[] }
  }[]
}
const sesStore = async () => (await (await fetch(`${sesUrl}/store`)).json()) as Stored

test('SES takes a whole mail and names it', async () => {
  const outcome = await sesAt(sesUrl).send(mail(1))
  expect(outcome).toMatchObject({ retryClass: 'accepted', providerMessageId: expect.any(String) as string })
  const { emails } = await sesStore()
  expect(emails.find(({ messageId }) => messageId === outcome.providerMessageId)).toMatchObject({
    subject: 'Grüße',
    destination: { to: ['r1@example.org'] },
  })
})

test('SES is asked once: a request that breaks off is ambiguous, an error is classified by its name', async () => {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    request.resume().on('end', () => {
      if (requests === 1) response.destroy()
      else
        response
          .writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException' })
          .end(JSON.stringify({ message: 'Maximum sending rate exceeded.' }))
    })
  })
  const { url, close } = await listen(server, 0)
  const provider = sesAt(url)
  expect(await provider.send(mail(2))).toMatchObject({ retryClass: 'ambiguous' })
  expect(requests).toBe(1)
  expect(await provider.send(mail(2))).toMatchObject({
    retryClass: 'throttle',
    code: 'ses_too_many_requests',
  })
  await close()
  expect(await provider.send(mail(2))).toMatchObject({ retryClass: 'unreachable' })
})

test('a success without the id of a mail is in doubt, and senders go in ASCII, names in quotes', async () => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text))
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  const { url, close } = await listen(server, 0)
  const from = 'Ada, VP <ada@münchen.example>'
  const doubt = { retryClass: 'ambiguous', stage: 'api', replyCode: 200 }
  expect(await sesAt(url).send({ ...mail(2), from })).toMatchObject({ ...doubt, code: 'ses_no_id' })
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ FromEmailAddress: 'ada@xn--mnchen-3ya.example' })
  const byResend = resend({ apiKey: 'k', endpoint: url })
  expect(await byResend.send({ ...mail(2), from })).toMatchObject({ ...doubt, code: 'resend_no_id' })
  expect(JSON.parse(bodies.at(-1) ?? '')).toMatchObject({ from: '"Ada, VP" <ada@xn--mnchen-3ya.example>' })
  await close()
})

test('SES without credentials of ours uses those that the SDK finds', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization ?? '')
    request.resume().on('end', () => response.writeHead(200).end(JSON.stringify({ MessageId: 'm' })))
  })
  const { url, close } = await listen(server, 0)
  process.env['AWS_ACCESS_KEY_ID'] = 'found'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'found-secret'
  const options = { region: 'eu-west-1', endpoint: url, configurationSet: undefined, connections: 1 }
  expect(await ses({ ...options, credentials: undefined }).send(mail(2))).toMatchObject({
    retryClass: 'accepted',
  })
  delete process.env['AWS_ACCESS_KEY_ID']
  delete process.env['AWS_SECRET_ACCESS_KEY']
  expect(seen).toEqual([expect.stringContaining('Credential=found/')])
  await close()
})

const resendAt = (endpoint: string) => resend({ apiKey: 're_secret', endpoint })

test('Resend takes a lost request once, however often it is asked again', async () => {
  double.behave([{ address: 'r3@example.org', answer: 'lost', times: 2 }])
  const before = double.requests()
  expect(await resendAt(double.url).send(mail(3))).toMatchObject({ retryClass: 'accepted' })
  expect(double.requests() - before).toBe(3)
  expect(double.taken.filter(({ to }) => to === 'r3@example.org')).toHaveLength(1)
})

test('Resend under a key that was used for another mail leaves it to a person', async () => {
  const provider = resendAt(double.url)
  await provider.send(mail(4))
  expect(await provider.send({ ...mail(4), subject: 'Other' })).toMatchObject({ retryClass: 'mismatch' })
})

test('Resend that cannot be reached never had the mail; one that says when to come back is heard', async () => {
  const port = await freePort()
  expect(await resendAt(`http://127.0.0.1:${port}`).send(mail(5))).toMatchObject({
    retryClass: 'unreachable',
  })
  double.behave([
    { address: '*', answer: { status: 429, name: 'rate_limit_exceeded', retryAfterSeconds: 7 } },
  ])
  expect(await resendAt(double.url).send(mail(5))).toMatchObject({
    retryClass: 'throttle',
    retryAfterMs: 7_000,
  })
})

test('a request that broke off stays ambiguous when Resend then refuses to say', async () => {
  double.behave([
    { address: 'r6@example.org', answer: 'lost', times: 1 },
    { address: 'r6@example.org', answer: { status: 403, name: 'invalid_api_key' } },
  ])
  expect(await resendAt(double.url).send(mail(6))).toMatchObject({ retryClass: 'ambiguous' })
})

test('a worker sends a batch through Resend, each mail once and tagged with its recipient', async () => {
  double.behave([
    {
      address: 'resend1@example.org',
      answer: { status: 422, name: 'validation_error', message: 'Invalid `to` field.' },
    },
    { address: 'resend2@example.org', answer: { status: 429, name: 'rate_limit_exceeded' }, times: 1 },
    { address: 'resend3@example.org', answer: 'lost', times: 1 },
  ])
  const worker = await rig.worker({
    provider: 'resend',
    resendEndpoint: double.url,
    resendApiKey: 're_secret',
  })
  const id = await worker.accept(20, 'resend')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch.counts).toMatchObject({ sent: 19, failed: 1, uncertain: 0 })
  const mails = double.taken.filter(({ headers }) => headers['X-Batch-Id'] === id)
  expect(new Set(mails.map(({ to }) => to)).size).toBe(19)
  expect(mails).toHaveLength(19)
  expect(mails[0]?.tags).toContainEqual({ name: 'batch-id', value: id })
  expect(worker.log()).not.toContain('re_secret')
  await worker.kill()
})

test.each([20, 40, 60, 80])(
  'with onUncertain Resend a worker killed after %i percent of a batch through Resend sends each mail exactly once',
  async (percent) => {
    const count = 5_000
    double.behave([{ address: '*', answer: 'late' }])
    const repeatsBefore = double.repeats()
    const worker = await rig.worker(
      {
        provider: 'resend',
        resendEndpoint: double.url,
        resendApiKey: 're_secret',
        onUncertain: 'Resend',
      },
      { CONCURRENCY: '200' },
    )
    const id = await worker.accept(count, `killed${percent}-`)
    const mine = () => double.taken.filter(({ headers }) => headers['X-Batch-Id'] === id)
    await until(
      () => Promise.resolve(mine().length),
      (taken) => taken >= (count * percent) / 100,
      worker.log,
    )
    await worker.kill()
    expect(mine().length).toBeLessThan(count)
    await worker.start()
    const batch = await until(() => worker.batch(id), isFinished, worker.log, AFTER_A_KILL_MS)
    expect(batch).toMatchObject({ state: 'completed', counts: { sent: count, uncertain: 0 } })
    expect(new Set(mine().map(({ to }) => to)).size).toBe(count)
    expect(mine()).toHaveLength(count)
    expect(double.repeats()).toBeGreaterThan(repeatsBefore)
    console.log(`killed at ${percent} %: ${double.repeats() - repeatsBefore} asked again, none sent again`)
    await worker.kill()
  },
)

test('what was in doubt for longer than Resend remembers keys is held', async () => {
  const settings = {
    provider: 'resend',
    resendEndpoint: double.url,
    resendApiKey: 're_secret',
    onUncertain: 'Resend',
  } as const
  double.behave([{ address: '*', answer: 'late' }])
  const worker = await rig.worker(settings, { LEASE_MS: '60000' })
  const id = await worker.accept(6, 'forgotten')
  await until(
    () => rig.sql(`SELECT FROM recipient WHERE batch_id = $1 AND state = 'sending'`, [id]),
    (rows) => rows.length === 6,
    worker.log,
  )
  await worker.kill()
  const age = (hours: number) => `now() - make_interval(hours => ${hours})`
  await rig.sql(`UPDATE chunk SET due_at = now(), published_at = NULL WHERE batch_id = $1`, [id])
  await rig.sql(
    `UPDATE recipient SET lease_until = CASE WHEN seq < 2 THEN ${age(24)} ELSE ${age(22)} END,
       state = CASE WHEN seq < 4 THEN 'sending' ELSE 'deferred' END WHERE batch_id = $1`,
    [id],
  )
  await rig.sql(
    `INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, started_at)
     VALUES ($1, 4, 1, 'ambiguous', 'w', 'resend', ${age(24)}), ($1, 5, 1, 'ambiguous', 'w', 'resend', ${age(22)})`,
    [id],
  )
  await worker.start()
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch.counts).toMatchObject({ sent: 3, uncertain: 3 })
  const held = await rig.sql<{ seq: number }>(
    `SELECT seq FROM recipient WHERE batch_id = $1 AND state = 'uncertain' ORDER BY seq`,
    [id],
  )
  expect(held.map(({ seq }) => seq)).toEqual([0, 1, 4])
  await worker.kill()
})

test('a worker sends a batch through SES', async () => {
  const worker = await rig.worker({
    provider: 'ses',
    sesRegion: 'eu-west-1',
    sesEndpoint: sesUrl,
    sesAccessKeyId: 'id',
    sesSecretAccessKey: 'secret',
  })
  const id = await worker.accept(20, 'ses')
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 20 } })
  const { emails } = await sesStore()
  const addresses = emails.flatMap(({ destination }) => destination.to).filter((to) => to.startsWith('ses'))
  expect(new Set(addresses).size).toBe(20)
  expect(addresses).toHaveLength(20)
  await worker.kill()
})
