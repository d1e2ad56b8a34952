/** 1,000 webhooks of Resend a second, one in a hundred forged. */
import { check } from 'k6'
import { hmac } from 'k6/crypto'
import { b64decode } from 'k6/encoding'
import execution from 'k6/execution'
import http from 'k6/http'
import { given, pace, summary } from './pace.ts'

const FORGED_EVERY = 100
const key = b64decode(given('WEBHOOK_SECRET').replace('whsec_', ''), 'std')
const recipients = Number(given('RECIPIENTS'))
const refused = http.expectedStatuses(401)
const taken = http.expectedStatuses(200)

export const options = pace({
  rate: 1_000,
  per: '1s',
  most: 800,
  thresholds: { 'checks{kind:genuine}': ['rate==1'], 'checks{kind:forged}': ['rate==1'] },
})
export const handleSummary = summary

export default function tell(): void {
  const index = execution.scenario.iterationInTest
  const isForged = index % FORGED_EVERY === 0
  const id = `${given('RUN')}-${index}`
  const body = event(id, index % recipients)
  const timestamp = String(Math.floor(Date.now() / 1_000))
  const headers = {
    'content-type': 'application/json',
    'svix-id': id,
    'svix-timestamp': timestamp,
    'svix-signature': `v1,${hmac('sha256', key, `${id}.${timestamp}.${body}`, 'base64')}`,
  }
  const tags = { kind: isForged ? 'forged' : 'genuine' }
  const response = http.post(`${given('API_URL')}/webhooks/resend`, isForged ? `${body} ` : body, {
    headers,
    tags,
    responseCallback: isForged ? refused : taken,
  })
  if (isForged) check(response, { 'forged answered 401': ({ status }) => status === 401 }, tags)
  else check(response, { 'genuine answered 200': ({ status }) => status === 200 }, tags)
}

function event(id: string, seq: number): string {
  const at = new Date().toISOString()
  return JSON.stringify({
    type: 'email.delivered',
    created_at: at,
    data: {
      created_at: at,
      email_id: id,
      from: 'sender@example.org',
      to: [`r${seq}@example.org`],
      subject: 'Hello',
      tags: { 'batch-id': given('BATCH_ID'), 'batch-recipient': String(seq) },
    },
  })
}
