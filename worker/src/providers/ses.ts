/** Amazon SES, API v2: one `SendEmail` for each mail, tagged so that its events find their recipient. */
import {
  GetAccountCommand,
  SESv2Client,
  SESv2ServiceException,
  SendEmailCommand,
} from '@aws-sdk/client-sesv2'
import type { OutgoingMail, Outcome, Provider } from '../sending/ports.ts'
import { LoginNote } from '../sending/loginNote.ts'
import { senderOf } from '../domain/sender.ts'
import { neverSent } from './neverSent.ts'
import { classifyRefusal, refusesKeys, acceptedBy } from './refusals.ts'

export interface SesOptions {
  readonly region: string
  /** Instead of `https://email.<region>.amazonaws.com`. */
  readonly endpoint: string | undefined
  readonly configurationSet: string | undefined
  /** Unset: what the SDK finds by itself, such as the role of the pod's ServiceAccount. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  readonly connections: number
}

const CONNECT_MS = 10_000
const ANSWER_MS = 30_000

export function ses(options: SesOptions): Provider {
  const { region, endpoint, configurationSet, credentials, connections } = options
  const client = new SESv2Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials: { ...credentials } }),
    // SendEmail has no idempotency key: a repetition of the SDK's own would be a second mail.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      httpsAgent: { maxSockets: connections, keepAlive: true },
      httpAgent: { maxSockets: connections, keepAlive: true },
    },
  })
  const login = new LoginNote()
  /** Notes what the answer says of our keys. */
  const noted = async <Answer>(asked: Promise<Answer>): Promise<Answer> => {
    try {
      const answer = await asked
      login.note('accepted')
      return answer
    } catch (error) {
      if (error instanceof SESv2ServiceException && refusesKeys('ses', error.name)) login.note('refused')
      throw error
    }
  }
  return {
    name: 'ses',
    send: async (mail) => {
      try {
        const command = new SendEmailCommand({
          FromEmailAddress: senderOf(mail.from).address,
          Destination: { ToAddresses: [mail.to] },
          Content: { Raw: { Data: Buffer.from(mail.mime(), 'latin1') } },
          EmailTags: tagsOf(mail),
          ConfigurationSetName: configurationSet,
        })
        const { MessageId, $metadata } = await noted(client.send(command))
        return acceptedBy('ses', $metadata.httpStatusCode, MessageId)
      } catch (error) {
        return failure(error, mail)
      }
    },
    allowance: async () => {
      const { SendQuota } = await noted(client.send(new GetAccountCommand({})))
      const rate = SendQuota?.MaxSendRate
      // Anything below 0 means that there is no limit.
      return rate === undefined || rate <= 0 ? undefined : rate
    },
    login: () => login.said,
    close: () => {
      client.destroy()
    },
  }
}

const tagsOf = ({ headers }: OutgoingMail) =>
  Object.entries(headers)
    .filter(([name]) => name.startsWith('X-Batch-'))
    .map(([name, value]) => ({ Name: name.slice(2).toLowerCase(), Value: value }))

function failure(error: unknown, { from, to }: OutgoingMail): Outcome {
  const answered = error instanceof SESv2ServiceException
  const status = answered ? error.$metadata.httpStatusCode : undefined
  return classifyRefusal({
    provider: 'ses',
    name: answered ? error.name : undefined,
    status,
    message: error instanceof Error ? error.message : String(error),
    neverSent: !answered && neverSent(error),
    mail: { from: senderOf(from).address, to },
  })
}
