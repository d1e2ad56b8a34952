/**
 * A double of Resend's `POST /emails` and `GET /domains`, with its idempotency keys and its errors. It checks no domains,
 * refuses keys when it is told to, has no quota of its own and delivers nothing: that the real Resend answers the same it cannot show.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from './listen.ts'

export interface ResendFault {
  /** Whom it concerns; `*` everybody. */
  readonly address: string
  /** `lost` takes the mail and drops the connection instead of answering; `late` takes it and answers after 300 ms. */
  readonly answer:
    | 'lost'
    | 'late'
    | {
        readonly status: number
        readonly name: string
        readonly message?: string
        readonly retryAfterSeconds?: number
      }
  readonly times?: number
}

export interface ResendMail {
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
  readonly tags: readonly { readonly name: string; readonly value: string }[]
}

export interface ResendDouble {
  readonly url: string
  /** What was taken, in order; a repeated request adds nothing. */
  readonly taken: readonly ResendMail[]
  requests(): number
  /** Requests for a mail that was already taken under their key. */
  repeats(): number
  behave(faults: readonly ResendFault[]): void
  /** Refuses whatever is asked with that key, or nobody. */
  refuseKey(apiKey: string | undefined): void
  close(): Promise<void>
}

type Sent = Omit<ResendMail, 'id' | 'to'> & { readonly to: string | readonly string[] }

/** @param headers of every answer */
export async function startResendDouble({
  headers: always = {},
}: { readonly headers?: Record<string, string> } = {}): Promise<ResendDouble> {
  const taken: ResendMail[] = []
  const byKey = new Map<string, { readonly fingerprint: string; readonly id: string }>()
  let faults: { fault: ResendFault; left: number }[] = []
  let requests = 0
  let repeats = 0

  const faultFor = (text: string): ResendFault | undefined => {
    const to = [(JSON.parse(text) as Sent).to].flat().join()
    const found = faults.find(({ fault, left }) => left > 0 && ['*', to].includes(fault.address))
    if (found) found.left -= 1
    return found?.fault
  }
  const take = (key: string, text: string): string | undefined => {
    const fingerprint = createHash('sha256').update(text).digest('hex')
    const known = byKey.get(key)
    if (known) repeats += 1
    if (known) return known.fingerprint === fingerprint ? known.id : undefined
    const mail = JSON.parse(text) as Sent
    const id = crypto.randomUUID()
    taken.push({ ...mail, id, to: [mail.to].flat().join() })
    byKey.set(key, { fingerprint, id })
    return id
  }
  let refusedKey: string | undefined
  const answerTo = (response: ServerResponse): Answer => {
    return (status, body, headers = {}) => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...always, ...headers })
        .end(JSON.stringify(body))
    }
  }
  const isRefused = ({ headers }: IncomingMessage) =>
    refusedKey !== undefined && headers.authorization === `Bearer ${refusedKey}`
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = ''
    for await (const part of request) text += String(part)
    const answer = answerTo(response)
    if (isRefused(request)) {
      answer(403, { statusCode: 403, name: 'invalid_api_key', message: 'API key is invalid' })
    } else if (request.method === 'GET') answer(200, { object: 'list', has_more: false, data: [] })
    else await handleMail(request, response, text)
  }
  const handleMail = async (request: IncomingMessage, response: ServerResponse, text: string) => {
    requests += 1
    const answer = answerTo(response)
    const fault = faultFor(text)
    if (typeof fault?.answer === 'object') {
      const { status, name, message = `words about ${name}`, retryAfterSeconds } = fault.answer
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
      answer(status, { statusCode: status, name, message }, headers)
      return
    }
    const id = take(keyOf(request), text)
    if (fault?.answer === 'late') await sleep(300)
    if (fault?.answer === 'lost') response.destroy()
    else if (id === undefined)
      answer(409, { statusCode: 409, name: 'invalid_idempotent_request', message: '' })
    else answer(200, { id })
  }
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  const { url, close } = await listen(server, 0)
  return {
    url,
    taken,
    requests: () => requests,
    repeats: () => repeats,
    behave: (next) => {
      faults = next.map((fault) => ({ fault, left: fault.times ?? Infinity }))
    },
    refuseKey: (apiKey) => {
      refusedKey = apiKey
    },
    close,
  }
}

type Answer = (status: number, body: object, headers?: Record<string, string>) => void

const keyOf = ({ headers }: IncomingMessage): string =>
  String(headers['idempotency-key'] ?? crypto.randomUUID())
