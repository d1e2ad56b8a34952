/**
 * Whether a receiver turns away a message that nobody signed. It is tried on the receiver itself, past the port: nothing
 * of it is counted, limited or written into the audit log, and nobody is dialled for it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Receiver } from './receiver.ts'

interface Forgery {
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

const NO_SIGNATURE = Buffer.alloc(32).toString('base64')
const REGION = 'us-east-1'

/** Right in everything but the signature; the topic is nobody's, so that no certificate is fetched. */
const FORGERIES: Readonly<Record<string, (now: Date) => Forgery>> = {
  ses: (now) => ({
    body: JSON.stringify({
      Type: 'Notification',
      MessageId: 'forged',
      TopicArn: `arn:aws:sns:${REGION}:000000000000:forged`,
      Timestamp: now.toISOString(),
      Message: '{}',
      SignatureVersion: '2',
      Signature: NO_SIGNATURE,
      SigningCertURL: `https://sns.${REGION}.amazonaws.com/SimpleNotificationService-0.pem`,
    }),
    headers: {},
  }),
  resend: (now) => ({
    body: '{}',
    headers: {
      'webhook-id': 'forged',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': `v1,${NO_SIGNATURE}`,
    },
  }),
}

/** @returns what became of it: `forged` as it should be; `unavailable` when nothing is there to tell by. */
export async function tryForged(
  provider: string,
  receive: Receiver,
  now: Date,
): Promise<'genuine' | 'forged' | 'unavailable' | 'ignored' | undefined> {
  const forgery = FORGERIES[provider]?.(now)
  if (forgery === undefined) return undefined
  return (await receive(Buffer.from(forgery.body), forgery.headers)).kind
}
