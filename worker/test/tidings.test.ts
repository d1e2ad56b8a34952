import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { SnsDouble } from '../../hack/standins/sns.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { resendEvent, sesBounce, sesComplaint, sesEvent } from '../../hack/standins/providerEvents.ts'
import { startResendDouble } from '../../hack/standins/resend.ts'
import { notification, signed, startSnsDouble, TOPIC } from '../../hack/standins/sns.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

const SECRET = `whsec_${randomBytes(24).toString('base64')}`

let rig: Rig
let sns: SnsDouble
let worker: WorkerProcess
let secretsDir: string

beforeAll(async () => {
  ;[rig, sns, secretsDir] = await Promise.all([
    startRig(),
    startSnsDouble(),
    mkdtemp(join(tmpdir(), 'batchsender-secrets-')),
  ])
  await writeFile(join(secretsDir, '0'), SECRET)
  // Nobody is there, so that events stay where they can be looked at.
  const clickhouseUrl = 'http://127.0.0.1:9'
  worker = await rig.worker(
    { sesTopicArns: [TOPIC], resendWebhookSecretsDir: secretsDir, clickhouseUrl },
    { SNS_ORIGIN: sns.origin },
  )
})
afterAll(async () => {
  await rig.stop()
  await sns.close()
  await rm(secretsDir, { recursive: true, force: true })
})
beforeEach(() => rig.sink.behave([]))

const tellSes = async (event: string) => {
  const fields = signed(notification(event), sns.privateKey)
  const { status } = await fetch(`${worker.api}/webhooks/ses`, {
    method: 'POST',
    body: JSON.stringify(fields),
  })
  expect(status).toBe(200)
}

const tellResend = async (body: string, to = worker) => {
  const [id, timestamp] = [randomUUID(), String(Math.floor(Date.now() / 1_000))]
  const hmac = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64'))
  const signature = hmac.update(`${id}.${timestamp}.${body}`).digest('base64')
  const { status } = await fetch(`${to.api}/webhooks/resend`, {
    method: 'POST',
    body,
    headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` },
  })
  expect(status).toBe(200)
}

const sentBatch = async (count: number, prefix: string) => {
  const id = await worker.accept(count, prefix)
  await until(() => worker.batch(id), isFinished, worker.log)
  return id
}

interface Row extends Record<string, unknown> {
  readonly seq: number
  readonly state: string
  readonly delivery: string | null
}
const recipients = (id: string) =>
  rig.sql<Row>('SELECT seq, state, delivery, error_code FROM recipient WHERE batch_id = $1 ORDER BY seq', [
    id,
  ])

/** Waits until everything that was told had its effect. */
const applied = () =>
  until(
    () => rig.sql('SELECT FROM webhook_inbox WHERE looks = 0'),
    (rows) => rows.length === 0,
    worker.log,
  )
const eventsOf = async (id: string, seq: number) => {
  const rows = await rig.sql<{ event: string }>(
    `SELECT event FROM event JOIN recipient ON address = recipient AND recipient.batch_id = event.batch_id
     WHERE recipient.batch_id = $1 AND seq = $2 ORDER BY id`,
    [id, seq],
  )
  return rows.map(({ event }) => event)
}

test('each kind of event of SES is seen at its recipient and in the outbox of events', async () => {
  const batchId = await sentBatch(9, 'kinds')
  const told = (seq: number) => ({ batchId, seq, address: `kinds${seq}@example.org` })
  await tellSes(sesEvent('Send', told(0)))
  await tellSes(sesEvent('Delivery', told(1), { delivery: { timestamp: new Date().toISOString() } }))
  await tellSes(sesEvent('DeliveryDelay', told(2), { deliveryDelay: { delayType: 'MailboxFull' } }))
  await tellSes(sesBounce(told(3), 'Permanent', 'NoEmail'))
  await tellSes(sesBounce(told(4), 'Transient', 'MailboxFull'))
  await tellSes(sesBounce(told(5), 'Undetermined', 'Undetermined'))
  await tellSes(sesComplaint(told(6)))
  await tellSes(sesComplaint(told(7), 'not-spam'))
  await tellSes(sesEvent('Open', told(8)))
  await applied()
  expect((await recipients(batchId)).map(({ delivery }) => delivery)).toEqual([
    'accepted',
    'delivered',
    'delayed',
    'bounced_permanent',
    'bounced_transient',
    'bounced_undetermined',
    'complained',
    null,
    'opened',
  ])
  expect(await eventsOf(batchId, 3)).toEqual(['sent', 'bounced_permanent'])
  expect(await eventsOf(batchId, 7)).toEqual(['sent'])
  const rows = await rig.sql(
    'SELECT error_code FROM event WHERE batch_id = $1 AND event LIKE $2 ORDER BY id',
    [batchId, 'bounced%'],
  )
  expect(rows).toEqual([
    { error_code: 'ses_no_email' },
    { error_code: 'ses_mailbox_full' },
    { error_code: 'ses_undetermined' },
  ])
  const listed = (await (await worker.get(`/v1/batches/${batchId}/recipients`)).json()) as {
    items: { delivery?: string; deliveryAt?: string }[]
  }
  expect(listed.items[1]).toMatchObject({ delivery: 'delivered', deliveryAt: expect.any(String) as string })
  expect(listed.items[7]).not.toHaveProperty('delivery')
  const read = async (path: string) => (await worker.get(`/v1/batches/${batchId}${path}`)).json()
  expect(await read('/recipients?delivery=bounced_transient')).toMatchObject({ items: [{ seq: 4 }] })
  expect(await read('')).toMatchObject({ deliveries: { delivered: 1, bounced_permanent: 1, complained: 1 } })
})

test('all that was told of a mail is kept with its recipient, the last first', async () => {
  const batchId = await sentBatch(1, 'history')
  const told = { batchId, seq: 0, address: 'history0@example.org' }
  await tellSes(sesEvent('Delivery', told, { delivery: { timestamp: new Date().toISOString() } }))
  await applied()
  await tellSes(sesBounce(told, 'Transient', 'MailboxFull'))
  await applied()
  expect(await (await worker.get(`/v1/batches/${batchId}/recipients/0`)).json()).toMatchObject({
    delivery: 'delivered',
    tried: [{ attempt: 1, outcome: 'accepted' }],
    events: [{ fact: 'bounced_transient', errorCode: 'ses_mailbox_full' }, { fact: 'delivered' }],
  })
})

/** Folded addresses of the list. */
const listed = (prefix: string) =>
  rig.sql(
    `SELECT address_norm, reason, detail FROM suppression
     WHERE address_norm ~ $1 AND address_norm = lower(address_norm) ORDER BY reason, address_norm`,
    [`^(${prefix})`],
  )

test('who bounced for good or complained is on the list of those that get no mail, who bounced for now is not', async () => {
  const batchId = await sentBatch(5, 'Sup')
  const told = (seq: number, address = `Sup${seq}@Example.org`) => ({ batchId, seq, address })
  await tellSes(sesBounce(told(0), 'Permanent', 'OnAccountSuppressionList'))
  await tellSes(sesBounce(told(1), 'Transient'))
  await tellSes(sesComplaint(told(2, 'Somebody <Sup2@EXAMPLE.ORG>')))
  await tellSes(sesComplaint(told(3), 'not-spam'))
  await tellSes(sesBounce({ messageId: 'foreign', address: 'elsewhere@example.org' }, 'Permanent'))
  await tellResend(resendEvent('email.complained', { address: 'resent@example.org' }))
  await tellSes(sesBounce({ messageId: 'foreign', address: 'no address' }, 'Permanent'))
  await applied()
  expect(await listed('sup|elsewhere|resent')).toEqual([
    { address_norm: 'elsewhere@example.org', reason: 'bounce', detail: 'ses_general' },
    { address_norm: 'sup0@example.org', reason: 'bounce', detail: 'ses_on_account_suppression_list' },
    { address_norm: 'resent@example.org', reason: 'complaint', detail: '' },
    { address_norm: 'sup2@example.org', reason: 'complaint', detail: 'ses_abuse' },
  ])
})

test('a complaint that names another spelling than the mail had holds for all spellings', async () => {
  const recipients = [{ address: 'Mary.Jones@Example.org' }]
  const mail = { from: 's@example.org', subject: 's', text: 't', recipients }
  const post = async () => {
    const { id } = (await (await worker.post(mail)).json()) as { id: string }
    return until(() => worker.batch(id), isFinished, worker.log)
  }
  const { id: batchId } = await post()
  await tellSes(sesComplaint({ batchId, seq: 0, address: 'mary.jones@example.org' }))
  await applied()
  expect(await post()).toMatchObject({ counts: { sent: 0, suppressed: 1 } })
})

const ofRecipients = (name: string, addresses: string[]) => ({
  bounce: {
    bounceType: 'Permanent',
    bounceSubType: 'NoEmail',
    [name]: addresses.map((emailAddress) => ({ emailAddress })),
  },
  complaint: { complaintFeedbackType: 'abuse', [name]: addresses.map((emailAddress) => ({ emailAddress })) },
})

test('whom our mark names is suppressed, whomever the event names', async () => {
  const batchId = await sentBatch(7, 'mark')
  const told = (seq: number) => ({ batchId, seq, messageId: `mark-${seq}` })
  const away = ['mark.gone@elsewhere.example']
  await tellSes(sesEvent('Bounce', told(0), ofRecipients('bouncedRecipients', away)))
  await tellSes(sesEvent('Bounce', told(1), ofRecipients('bouncedRecipients', [])))
  await tellSes(sesEvent('Complaint', told(2), ofRecipients('complainedRecipients', [])))
  await tellSes(
    sesEvent('Complaint', told(3), ofRecipients('complainedRecipients', [...away, 'MARK3@example.org'])),
  )
  await tellResend(resendEvent('email.suppressed', told(4), { to: away }))
  await tellResend(
    resendEvent('email.complained', told(5), { to: [...away, 'mark.other@elsewhere.example'] }),
  )
  await tellSes(sesBounce({ ...told(6), address: away[0] ?? '' }, 'Transient'))
  await applied()
  expect(await listed('mark')).toMatchObject([
    { address_norm: 'mark0@example.org', reason: 'bounce' },
    { address_norm: 'mark1@example.org', reason: 'bounce' },
    { address_norm: 'mark4@example.org', reason: 'bounce' },
    { address_norm: 'mark2@example.org', reason: 'complaint' },
    { address_norm: 'mark3@example.org', reason: 'complaint' },
    { address_norm: 'mark5@example.org', reason: 'complaint' },
  ])
})

test('whom the provider’s id names is suppressed, besides whom the event names', async () => {
  const batchId = await sentBatch(1, 'nomark')
  await rig.sql(
    `INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id)
     VALUES ($1, 0, 7, 'accepted', 'w', 'ses', 'ses-nomark')`,
    [batchId],
  )
  await tellSes(sesBounce({ messageId: 'ses-nomark', address: 'nomark.away@elsewhere.example' }, 'Permanent'))
  await applied()
  expect(await listed('nomark')).toMatchObject([
    { address_norm: 'nomark.away@elsewhere.example' },
    { address_norm: 'nomark0@example.org' },
  ])
})

test('a mark that is never found leaves whom the event names', async () => {
  const address = 'lost.mark@example.org'
  await tellSes(sesComplaint({ batchId: randomUUID(), seq: 0, address }))
  await applied()
  expect(await listed('lost')).toEqual([])
  await until(
    async () => {
      await rig.sql('UPDATE webhook_inbox SET due_at = now()')
      return rig.sql('SELECT FROM webhook_inbox')
    },
    (rows) => rows.length === 0,
    worker.log,
  )
  expect(await listed('lost')).toMatchObject([{ address_norm: address, reason: 'complaint' }])
})

test('events of Resend are seen at their recipient', async () => {
  const batchId = await sentBatch(4, 'resend')
  const told = (seq: number) => ({ batchId, seq, address: `resend${seq}@example.org` })
  await tellResend(resendEvent('email.delivered', told(0)))
  await tellResend(
    resendEvent('email.bounced', told(1), { bounce: { type: 'Permanent', subType: 'General', message: '' } }),
  )
  await tellResend(
    resendEvent('email.bounced', told(2), {
      bounce: { type: 'Transient', subType: 'MailboxFull', message: '' },
    }),
  )
  await tellResend(resendEvent('contact.created', told(3)))
  await applied()
  expect((await recipients(batchId)).map(({ delivery }) => delivery)).toEqual([
    'delivered',
    'bounced_permanent',
    'bounced_transient',
    null,
  ])
})

test('events in any order end the same, and a repeated one adds nothing', async () => {
  const batchId = await sentBatch(2, 'order')
  const kinds = ['Open', 'Send', 'Delivery', 'DeliveryDelay']
  for (const kind of kinds) {
    await tellSes(sesEvent(kind, { batchId, seq: 0 }))
    await applied()
  }
  for (const kind of kinds.reverse()) await tellSes(sesEvent(kind, { batchId, seq: 1 }))
  await applied()
  expect((await recipients(batchId)).map(({ delivery }) => delivery)).toEqual(['opened', 'opened'])
  await tellSes(sesBounce({ batchId, seq: 0, address: 'order0@example.org' }, 'Transient'))
  await tellSes(sesBounce({ batchId, seq: 1, address: 'order1@example.org' }, 'Permanent'))
  await applied()
  expect((await recipients(batchId)).map(({ delivery }) => delivery)).toEqual(['opened', 'bounced_permanent'])

  const repeated = JSON.stringify(
    signed(notification(sesEvent('Click', { batchId, seq: 0 })), sns.privateKey),
  )
  for (let time = 0; time < 3; time += 1) {
    await fetch(`${worker.api}/webhooks/ses`, { method: 'POST', body: repeated })
    await applied()
  }
  expect((await eventsOf(batchId, 0)).filter((event) => event === 'clicked')).toHaveLength(1)
})

test('an event without our mark finds its recipient by the id that the provider gave, even if it comes first', async () => {
  const batchId = await sentBatch(1, 'byid')
  await tellSes(sesEvent('Delivery', { messageId: 'ses-early' }))
  await until(
    () => rig.sql('SELECT FROM webhook_inbox WHERE looks = 1'),
    (rows) => rows.length > 0,
  )
  await rig.sql(
    `INSERT INTO attempt (batch_id, seq, attempt, outcome, worker, provider, provider_message_id)
     VALUES ($1, 0, 7, 'accepted', 'w', 'ses', 'ses-early')`,
    [batchId],
  )
  await rig.sql('UPDATE webhook_inbox SET due_at = now()')
  await until(
    () => recipients(batchId),
    ([row]) => row?.delivery === 'delivered',
    worker.log,
  )
  expect(await rig.sql(`SELECT FROM webhook_inbox WHERE provider_message_id = 'ses-early'`)).toEqual([])
})

test('an event of a mail that is not ours is looked for a few times and then let go', async () => {
  await tellSes(sesEvent('Delivery', { messageId: 'foreign' }))
  await tellSes(sesEvent('Delivery', { batchId: randomUUID(), seq: 3 }))
  await until(
    async () => {
      await rig.sql('UPDATE webhook_inbox SET due_at = now()')
      return rig.sql('SELECT FROM webhook_inbox')
    },
    (rows) => rows.length === 0,
    worker.log,
  )
  const metrics = await (await fetch(`${worker.internal}/metrics`)).text()
  expect(metrics).toMatch(/batchsender_webhook_events_unknown_total [1-9]/)
})

const uncertainBatch = async (prefix: string) => {
  await rig.sink.behave([
    { address: `${prefix}1@example.org`, at: 'data', drop: true },
    { address: `${prefix}2@example.org`, at: 'data', drop: true },
  ])
  const batchId = await sentBatch(3, prefix)
  expect(await worker.batch(batchId)).toMatchObject({
    state: 'completed_with_failures',
    counts: { sent: 1, uncertain: 2 },
  })
  return batchId
}

test.each(['Send', 'Delivery', 'Open'])(
  'an uncertain recipient is healed by %s, and the batch with the last',
  async (kind) => {
    const prefix = `heal${kind}`
    const batchId = await uncertainBatch(prefix)
    await tellSes(sesEvent(kind, { batchId, seq: 1, messageId: 'ses-1' }))
    await applied()
    expect(await worker.batch(batchId)).toMatchObject({
      state: 'completed_with_failures',
      counts: { sent: 2, uncertain: 1 },
    })
    await tellSes(sesEvent(kind, { batchId, seq: 2, messageId: 'ses-2' }))
    await applied()
    expect(await worker.batch(batchId)).toMatchObject({
      state: 'completed',
      counts: { sent: 3, uncertain: 0 },
    })
    const [healed] = (await recipients(batchId)).slice(2)
    expect(healed).toMatchObject({ state: 'sent', error_code: null })
    const [row] = await rig.sql('SELECT provider_message_id FROM recipient WHERE batch_id = $1 AND seq = 2', [
      batchId,
    ])
    expect(row).toEqual({ provider_message_id: 'ses-2' })
    expect(await eventsOf(batchId, 2)).toEqual(expect.arrayContaining(['uncertain', 'sent']))
    const attempts = await rig.sql<{ outcome: string }>(
      'SELECT outcome FROM attempt WHERE batch_id = $1 AND seq = 2 ORDER BY recorded_at',
      [batchId],
    )
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted'])
  },
)

test('an uncertain recipient whose mail was rejected has failed', async () => {
  const batchId = await uncertainBatch('rejected')
  await tellSes(sesEvent('Reject', { batchId, seq: 1 }, { reject: { reason: 'Bad content' } }))
  await applied()
  expect(await worker.batch(batchId)).toMatchObject({
    state: 'completed_with_failures',
    counts: { sent: 1, uncertain: 1, failed: 1 },
  })
  expect((await recipients(batchId))[1]).toMatchObject({
    delivery: 'rejected',
    error_code: 'ses_bad_content',
  })
})

const inFull = (id: string) =>
  rig.sql<Row & { error_class: string | null; error_code: string | null }>(
    'SELECT seq, state, delivery, error_class, error_code FROM recipient WHERE batch_id = $1 ORDER BY seq',
    [id],
  )

test('what is refused after it was accepted has failed, counts, is told, and can be tried again', async () => {
  const batchId = await sentBatch(5, 'after')
  expect(await worker.batch(batchId)).toMatchObject({ state: 'completed', counts: { sent: 5 } })
  const told = (seq: number) => ({ batchId, seq, messageId: `after-${seq}` })
  await tellResend(resendEvent('email.failed', told(0), { failed: { reason: 'reached_daily_quota' } }))
  await tellSes(sesEvent('Reject', told(1), { reject: { reason: 'Bad content' } }))
  await tellSes(
    sesEvent('Rendering Failure', told(2), { failure: { errorMessage: 'Attribute', templateName: 't' } }),
  )
  await tellResend(resendEvent('email.failed', told(3), { failed: { reason: 'invalid_recipient' } }))
  await applied()
  expect(await worker.batch(batchId)).toMatchObject({
    state: 'completed_with_failures',
    counts: { sent: 1, failed: 4 },
  })
  expect(await inFull(batchId)).toMatchObject([
    { state: 'failed', delivery: 'rejected', error_class: 'quota', error_code: 'resend_reached_daily_quota' },
    { state: 'failed', delivery: 'rejected', error_class: 'sender', error_code: 'ses_bad_content' },
    { state: 'failed', delivery: 'rejected', error_class: 'sender', error_code: 'ses_rendering_failure' },
    {
      state: 'failed',
      delivery: 'rejected',
      error_class: 'recipient',
      error_code: 'resend_invalid_recipient',
    },
    { state: 'sent', delivery: null, error_class: null },
  ])
  expect(await eventsOf(batchId, 0)).toEqual(expect.arrayContaining(['sent', 'failed', 'rejected']))
  const [event] = await rig.sql(
    `SELECT error_class, error_code FROM event WHERE batch_id = $1 AND event = 'failed' AND recipient = 'after0@example.org'`,
    [batchId],
  )
  expect(event).toEqual({ error_class: 'quota', error_code: 'resend_reached_daily_quota' })

  const before = await rig.sink.count()
  expect(await (await worker.command(batchId, 'retry-failed')).json()).toMatchObject({ retried: 3 })
  const again = await until(() => worker.batch(batchId), isFinished, worker.log)
  expect(again).toMatchObject({ state: 'completed_with_failures', counts: { sent: 4, failed: 1 } })
  const mails = await rig.sink.messages(before)
  expect(mails.map(({ recipient }) => recipient).sort()).toEqual(
    [0, 1, 2].map((n) => `after${n}@example.org`),
  )
  // Whoever tells repetitions apart by it must not take this mail for the one that it dropped.
  expect(new Set((await rig.sink.messages()).map(({ headers }) => headers['message-id'])).size).toBe(
    (await rig.sink.messages()).length,
  )

  // The same is told again, of the mail that was dropped: nothing about the one that went.
  await tellSes(sesEvent('Reject', told(1), { reject: { reason: 'Bad content' } }))
  await tellSes(sesEvent('Send', told(2)))
  await applied()
  expect((await inFull(batchId)).slice(0, 3)).toMatchObject(
    Array(3).fill({ state: 'sent', delivery: null, error_class: null, error_code: null }),
  )
  expect(await (await worker.command(batchId, 'retry-failed')).json()).toMatchObject({ retried: 0 })
})

test('one that is refused again fails for the new reason, and what it had been sent before is no proof', async () => {
  const batchId = await sentBatch(2, 'again')
  await tellSes(sesEvent('Reject', { batchId, seq: 0, messageId: 'again-0' }))
  await tellSes(sesEvent('Reject', { batchId, seq: 1, messageId: 'again-1' }))
  await applied()
  await rig.sink.behave([
    { address: 'again0@example.org', at: 'rcpt', code: 550, message: '5.1.1 no such user' },
    { address: 'again1@example.org', at: 'data', drop: true },
  ])
  expect(await (await worker.command(batchId, 'retry-failed')).json()).toMatchObject({ retried: 2 })
  const batch = await until(() => worker.batch(batchId), isFinished, worker.log)
  expect(batch).toMatchObject({ counts: { sent: 0, failed: 1, uncertain: 1 } })
})

test('in whatever order it is told, a mail that reached a server was not refused', async () => {
  const batchId = await sentBatch(4, 'reached')
  const told = (seq: number) => ({ batchId, seq, messageId: `reached-${seq}` })
  await tellSes(sesEvent('Delivery', told(0)))
  await tellSes(sesEvent('Reject', told(1)))
  await tellSes(sesEvent('Reject', told(2)))
  await applied()
  expect(await worker.batch(batchId)).toMatchObject({ counts: { sent: 2, failed: 2 } })
  await tellSes(sesEvent('Reject', told(0)))
  await tellSes(sesEvent('Delivery', told(1)))
  await tellSes(sesEvent('Send', told(2)))
  await tellSes(sesEvent('Reject', told(2)))
  await applied()
  expect(await inFull(batchId)).toMatchObject([
    { state: 'sent', delivery: 'delivered', error_code: null },
    { state: 'sent', delivery: 'delivered', error_class: null, error_code: null },
    { state: 'failed', delivery: 'rejected', error_code: 'ses_rejected_content' },
    { state: 'sent', delivery: null },
  ])
  await tellSes(sesEvent('Open', told(2)))
  await applied()
  expect(await worker.batch(batchId)).toMatchObject({ state: 'completed', counts: { sent: 4, failed: 0 } })
})

test('of the mails of one event with the same lot, the refusal and the delivery end as if told one by one', async () => {
  const batchId = await sentBatch(1, 'lot')
  await rig.sql(
    `INSERT INTO webhook_inbox (provider, fact, batch_id, seq, suppress)
     SELECT 'ses', fact, $1, 0, '{}' FROM unnest(ARRAY['rejected', 'delivered', 'accepted']) AS fact`,
    [batchId],
  )
  await applied()
  expect(await inFull(batchId)).toMatchObject([{ state: 'sent', delivery: 'delivered' }])
})

test('a refusal that is told before the result of the attempt is there counts', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 3_000 }])
  const batchId = await worker.accept(2, 'early')
  await until(
    () => recipients(batchId),
    (rows) => rows.every(({ state }) => state === 'sending'),
    worker.log,
  )
  await tellResend(
    resendEvent('email.failed', { batchId, seq: 0 }, { failed: { reason: 'reached_monthly_quota' } }),
  )
  await applied()
  const batch = await until(() => worker.batch(batchId), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed_with_failures', counts: { sent: 1, failed: 1 } })
  expect((await inFull(batchId))[0]).toMatchObject({
    delivery: 'rejected',
    error_class: 'quota',
    error_code: 'resend_reached_monthly_quota',
  })
  expect(await eventsOf(batchId, 0)).toEqual(['rejected', 'failed'])
  await rig.sink.behave([])
  expect(await (await worker.command(batchId, 'retry-failed')).json()).toMatchObject({ retried: 1 })
  expect(await until(() => worker.batch(batchId), isFinished, worker.log)).toMatchObject({
    state: 'completed',
    counts: { sent: 2 },
  })
})

test('a killed worker’s mails of which the provider told are sent, the others uncertain', async () => {
  await rig.sink.behave([{ address: '*', at: 'data', delayMs: 20_000 }])
  const batchId = await worker.accept(4, 'killed')
  await until(
    () => recipients(batchId),
    (rows) => rows.every(({ state }) => state === 'sending'),
    worker.log,
  )
  await tellSes(sesEvent('Send', { batchId, seq: 0 }))
  await tellSes(sesEvent('Reject', { batchId, seq: 1 }))
  await applied()
  expect((await recipients(batchId)).map(({ state }) => state)).toEqual(Array(4).fill('sending'))
  await worker.kill()
  await rig.sink.behave([])
  await worker.start()
  const batch = await until(() => worker.batch(batchId), isFinished, worker.log)
  expect(batch.counts).toMatchObject({ sent: 1, failed: 1, uncertain: 2 })
  await tellSes(sesEvent('Send', { batchId, seq: 2 }))
  await applied()
  expect((await recipients(batchId)).map(({ state }) => state)).toEqual([
    'sent',
    'failed',
    'sent',
    'uncertain',
  ])
})

test('messages are remembered for more than a day and forgotten after two', async () => {
  await rig.sql(`INSERT INTO webhook_seen (provider, message_id, type, received_at) VALUES
    ('ses', 'yesterday', 'Send', now() - interval '25 hours'), ('ses', 'old', 'Send', now() - interval '49 hours')`)
  await worker.kill()
  await worker.start()
  await until(
    () => rig.sql(`SELECT FROM webhook_seen WHERE message_id = 'old'`),
    (rows) => rows.length === 0,
    worker.log,
  )
  expect(await rig.sql(`SELECT FROM webhook_seen WHERE message_id = 'yesterday'`)).toHaveLength(1)
})

test('Resend takes the mail anew after it dropped the first, and one that is only repeated it does not', async () => {
  await worker.kill()
  const double = await startResendDouble()
  const resend = await rig.worker({
    provider: 'resend',
    resendEndpoint: double.url,
    resendApiKey: 'k',
    resendWebhookSecretsDir: secretsDir,
  })
  const batchId = await resend.accept(1, 'anew')
  await until(() => resend.batch(batchId), isFinished, resend.log)
  const [first] = double.taken
  const messageId = first?.id ?? ''
  const told = { batchId, seq: 0, messageId }
  await tellResend(resendEvent('email.failed', told, { failed: { reason: 'reached_daily_quota' } }), resend)
  await until(
    () => resend.batch(batchId),
    ({ counts }) => counts.failed === 1,
    resend.log,
  )
  // The mail that follows is in doubt once: it is repeated under its own key.
  double.behave([{ address: '*', answer: 'lost', times: 1 }])
  await resend.command(batchId, 'retry-failed')
  const batch = await until(() => resend.batch(batchId), isFinished, resend.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 1 } })
  expect(double.taken).toHaveLength(2)
  expect(double.repeats()).toBe(1)
  await resend.kill()
  await double.close()
})
