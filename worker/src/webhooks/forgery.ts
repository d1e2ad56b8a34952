/**
 * Whether a receiver turns away a message that nobody signed. It is tried on the receiver itself, past the port: nothing
 * of it is counted, limited or written into the audit log, and nobody is dialled for it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Receiver } from './receiver.ts'
import { isCertificateUrl } from './snsUrls.ts'

interface Forgery {
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

/** What a message of SNS is made of that nothing but its signature is wrong with. */
export interface SnsSample {
  readonly topicArn: string
  readonly certificateUrl: string
}

/** @param certificateUrls whose keys are at hand. @returns undefined before a message of one of the topics came */
export function sampleOf(
  topicArns: readonly string[],
  certificateUrls: readonly string[],
): SnsSample | undefined {
  for (const certificateUrl of certificateUrls) {
    const topicArn = topicArns.find((one) => isCertificateUrl(certificateUrl, one))
    if (topicArn !== undefined) return { topicArn, certificateUrl }
  }
  return undefined
}

const signatureOf = (bytes: number) => Buffer.alloc(bytes).toString('base64')

/** Right in everything but the signature. */
const FORGERIES: Readonly<Record<string, (now: Date, sample?: SnsSample) => Forgery | undefined>> = {
  ses: (now, sample) =>
    sample && {
      body: JSON.stringify({
        Type: 'Notification',
        MessageId: 'forged',
        TopicArn: sample.topicArn,
        Timestamp: now.toISOString(),
        Message: '{}',
        SignatureVersion: '2',
        Signature: signatureOf(256),
        SigningCertURL: sample.certificateUrl,
      }),
      headers: {},
    },
  resend: (now) => ({
    body: '{}',
    headers: {
      'webhook-id': 'forged',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': `v1,${signatureOf(32)}`,
    },
  }),
}

/** @returns what became of it: `forged` as it should be; `unavailable` when nothing is there to tell by. */
export async function tryForged(
  provider: string,
  receive: Receiver,
  now: Date,
  sample?: SnsSample,
): Promise<'genuine' | 'forged' | 'unavailable' | 'ignored' | undefined> {
  const forge = FORGERIES[provider]
  if (forge === undefined) return undefined
  const forgery = forge(now, sample)
  if (forgery === undefined) return 'unavailable'
  return (await receive(Buffer.from(forgery.body), forgery.headers)).kind
}
