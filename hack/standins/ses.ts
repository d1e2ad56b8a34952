/**
 * A double of the two calls of Amazon SES that a sender makes, with a rate that it says and one that it enforces. It
 * checks no signature, refuses keys when it is told to, and delivers nothing: that the real SES refuses at the same rate it cannot show.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { listen } from './listen.ts'

export interface SesDouble {
  readonly url: string
  /** When each mail was taken, in milliseconds. */
  readonly takenAt: readonly number[]
  refusals(): number
  /** Refuses whatever is signed with the keys of that id, or nobody. */
  refuseKey(accessKeyId: string | undefined): void
  close(): Promise<void>
}

export interface SesRates {
  /** What `GetAccount` says; undefined refuses to tell. */
  readonly said: number | undefined
  /** Above it mails are refused. */
  readonly enforced?: number
}

export async function startSesDouble({ said, enforced = Infinity }: SesRates): Promise<SesDouble> {
  const takenAt: number[] = []
  let refusals = 0
  let refusedKey: string | undefined

  const isTooFast = (now: number) => takenAt.filter((at) => at > now - 1_000).length >= enforced
  const account = (answer: Answer) => {
    if (said === undefined) answer(403, { message: 'no' }, 'AccessDeniedException')
    else answer(200, { SendQuota: { Max24HourSend: 50_000, MaxSendRate: said, SentLast24Hours: 0 } })
  }
  const send = (answer: Answer) => {
    const now = Date.now()
    if (isTooFast(now)) {
      refusals += 1
      answer(429, { message: 'Maximum sending rate exceeded.' }, 'TooManyRequestsException')
      return
    }
    takenAt.push(now)
    answer(200, { MessageId: randomUUID() })
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answer: Answer = (status, body, error) => {
      const headers = error === undefined ? {} : { 'x-amzn-errortype': error }
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    }
    request.resume().once('end', () => {
      if (refusedKey !== undefined && request.headers.authorization?.includes(`Credential=${refusedKey}/`)) {
        const message = 'The security token included in the request is invalid.'
        answer(403, { message }, 'UnrecognizedClientException')
        return
      }
      if (request.url === '/v2/email/account') account(answer)
      else send(answer)
    })
  })
  const refuseKey = (accessKeyId: string | undefined) => {
    refusedKey = accessKeyId
  }
  const { url, close } = await listen(server, 0)
  return { url, takenAt, refusals: () => refusals, refuseKey, close }
}

type Answer = (status: number, body: object, error?: string) => void
