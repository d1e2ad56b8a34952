/** Resend: one request for each mail, under an idempotency key that is the same at every attempt for a recipient. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Response as Answer } from 'resend'
import { Resend } from 'resend'
import type { OutgoingMail, Outcome, Provider } from '../sending/ports.ts'
import { reconnectMs } from '../domain/backoff.ts'
import { LoginNote } from '../sending/loginNote.ts'
import type { Sender } from '../domain/sender.ts'
import { senderOf } from '../domain/sender.ts'
import { formatted } from './apiSender.ts'
import { neverSent } from './neverSent.ts'
import { classifyRefusal, refusesKeys, acceptedBy } from './refusals.ts'

export interface ResendOptions {
  readonly apiKey: string
  /** Instead of `https://api.resend.com`. */
  readonly endpoint: string | undefined
}

const ANSWER_MS = 15_000
/** What may have been taken is asked again under its key, which Resend remembers for 24 hours. */
const ASKED_AT_MOST = 3
/** An hour less than Resend remembers keys, for clocks and leases. */
const REPEATABLE_MS = 23 * 3_600_000

export function resend({ apiKey, endpoint }: ResendOptions): Provider {
  const login = new LoginNote()
  const givenUp = new AbortController()
  const sendOnce = async (mail: OutgoingMail): Promise<Outcome> => {
    const client = new Client(apiKey, endpoint)
    const outcome = await sendThrough(client, mail)
    noteAnswer(login, client)
    return outcome
  }
  return {
    name: 'resend',
    repeatableMs: REPEATABLE_MS,
    send: async (mail) => {
      let outcome = await sendOnce(mail)
      for (let asked = 1; outcome.retryClass === 'ambiguous' && asked < ASKED_AT_MOST; asked += 1) {
        await sleep(reconnectMs(asked, Math.random()), undefined, { signal: givenUp.signal }).catch(
          () => undefined,
        )
        if (givenUp.signal.aborted) break
        outcome = doubtful(await sendOnce(mail))
      }
      return outcome
    },
    login: () => login.said,
    tryLogin: async () => {
      const client = new Client(apiKey, endpoint)
      await client.domains.list({ limit: 1 })
      noteAnswer(login, client)
    },
    giveUp: () => {
      givenUp.abort()
    },
    close: () => undefined,
  }
}

/** After a doubtful first request, being unable to ask again tells nothing about the first. */
function doubtful(outcome: Outcome): Outcome {
  const isAnswer = outcome.retryClass === 'accepted' || outcome.retryClass === 'recipient'
  return isAnswer || outcome.retryClass === 'mismatch' ? outcome : { ...outcome, retryClass: 'ambiguous' }
}

/** A key that may only send is told so when it asks for more: it is a good one. */
function noteAnswer(login: LoginNote, { status, refusal }: Client): void {
  if (refusal === 'restricted_api_key' || (status !== undefined && status < 300)) login.note('accepted')
  else if (status === 401 || (refusal !== undefined && refusesKeys('resend', refusal))) login.note('refused')
}

async function sendThrough(client: Client, mail: OutgoingMail): Promise<Outcome> {
  const sender = senderOf(mail.from)
  const options = { idempotencyKey: mail.messageId.slice(1, -1) }
  const { data, error } = await client.emails.send(bodyOf(mail, sender), options)
  const { perSecond, failed } = client
  const limit = perSecond === undefined ? {} : { perSecond }
  if (error === null) return { ...accepted(data, client.status), ...limit }
  const refusal = classifyRefusal({
    provider: 'resend',
    name: failed === undefined ? error.name : undefined,
    status: error.statusCode ?? undefined,
    message: failed === undefined ? error.message : failed.message,
    neverSent: failed !== undefined && neverSent(failed),
    retryAfterMs: client.retryAfterMs,
    mail: { from: sender.address, to: mail.to },
  })
  return { ...refusal, ...limit }
}

function bodyOf({ replyTo, to, subject, text, html, headers }: OutgoingMail, sender: Sender) {
  return {
    from: formatted(sender),
    to,
    subject,
    headers: { ...headers },
    tags: tagsOf(headers),
    ...(replyTo !== undefined && { replyTo: formatted(senderOf(replyTo)) }),
    ...(html === undefined ? { text: text ?? '' } : { html, ...(text !== undefined && { text }) }),
  }
}

/** @param data whatever came with a success */
function accepted(data: unknown, status: number | undefined): Outcome {
  const id: unknown = typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined
  return acceptedBy('resend', status, id)
}

/**
 * The vendor's client for a single request. Its own `fetchRequest` has no deadline and swallows why a request failed,
 * which tells a refused connection from a mail that may have been taken.
 */
class Client extends Resend {
  /** Why no answer came. */
  failed: Error | undefined
  retryAfterMs: number | undefined
  /** Of the answer. */
  status: number | undefined
  /** Resend's name of the error. */
  refusal: string | undefined
  /** Requests, each of which is one mail. */
  perSecond: number | undefined

  constructor(apiKey: string, endpoint: string | undefined) {
    super(apiKey, endpoint === undefined ? {} : { baseUrl: endpoint })
  }

  override async fetchRequest<Data>(path: string, options: RequestInit = {}): Promise<Answer<Data>> {
    const url = `${this.baseUrl}${path}`
    try {
      const signal = AbortSignal.timeout(ANSWER_MS)
      const response = await fetch(url, { ...options, signal, redirect: 'error' })
      this.retryAfterMs = retryAfterMs(response.headers.get('retry-after'))
      this.perSecond = requestsPerSecond(response.headers)
      const answer = await answerOf<Data>(response)
      this.status = response.status
      this.refusal = answer.error?.name
      return answer
    } catch (error) {
      this.failed = error instanceof Error ? error : new Error('no answer', { cause: error })
      return noAnswer()
    }
  }
}

async function answerOf<Data>(response: Response): Promise<Answer<Data>> {
  const headers = Object.fromEntries(response.headers)
  if (response.ok) return { data: (await response.json()) as Data, error: null, headers }
  const text = await response.text()
  const { name, message } = parseError(text)
  const error = { name: name as 'application_error', message, statusCode: response.status }
  return { data: null, error, headers }
}

function noAnswer<Data>(): Answer<Data> {
  return { data: null, error: { name: 'application_error', message: '', statusCode: null }, headers: null }
}

function parseError(text: string): { readonly name: string; readonly message: string } {
  try {
    const { name, message } = JSON.parse(text) as Record<string, unknown>
    return { name: String(name), message: String(message) }
  } catch {
    return { name: 'unknown', message: text.slice(0, 200) }
  }
}

const tagsOf = (headers: OutgoingMail['headers']) =>
  Object.entries(headers)
    .filter(([name]) => name.startsWith('X-Batch-'))
    .map(([name, value]) => ({ name: name.slice(2).toLowerCase(), value }))

function retryAfterMs(header: string | null): number | undefined {
  if (header === null || !/^\d{1,6}$/.test(header)) return undefined
  return Math.min(3_600_000, Number(header) * 1_000)
}

/** `ratelimit-limit` requests in each window, of a second unless `ratelimit-policy` says another. */
function requestsPerSecond(headers: Headers): number | undefined {
  const limit = /^\d{1,6}$/.exec(headers.get('ratelimit-limit') ?? '')?.[0]
  if (limit === undefined || Number(limit) === 0) return undefined
  const window = /;\s*w=(\d{1,6})/.exec(headers.get('ratelimit-policy') ?? '')?.[1] ?? '1'
  return Number(limit) / Math.max(1, Number(window))
}
