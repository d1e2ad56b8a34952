/** Resend, which tells of deliveries; one message in a hundred was altered after it was signed. */
import { createHmac } from 'node:crypto'
import type { Calls } from './scenario.ts'
import { resendEvent } from '../../standins/providerEvents.ts'

const FORGED_EVERY = 100

export interface Webhooks {
  /** Of this run alone: part of every message's id. */
  readonly run: string
  /** `whsec_<base64>` */
  readonly secret: string
  readonly batchId: string
  /** Of that batch; they are told of in turn. */
  readonly recipients: number
}

export function webhooks({ run, secret, batchId, recipients }: Webhooks): Calls {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  return (index, now) => {
    const isForged = index % FORGED_EVERY === 0
    const id = `${run}-${index}`
    const seq = index % recipients
    const body = resendEvent('email.delivered', {
      messageId: id,
      batchId,
      seq,
      address: `r${seq}@example.org`,
    })
    const timestamp = String(Math.floor(now.getTime() / 1_000))
    const headers = {
      'content-type': 'application/json',
      'svix-id': id,
      'svix-timestamp': timestamp,
      'svix-signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
    }
    const kind = isForged ? 'forged' : 'genuine'
    return { kind, path: '/webhooks/resend', headers, body: isForged ? `${body} ` : body }
  }
}
