/** The few calls of the JetStream API that are needed, with the configuration as the API spells it. */
import type { NatsConnection } from 'nats'
import type { JetstreamApi } from '../reconcile/tools.ts'
import type { QueuePart } from '../components/nats/seen.ts'

const REQUEST_MS = 5_000

export function jetstreamApi(connection: NatsConnection): JetstreamApi {
  const request = async (subject: string, body?: unknown): Promise<ApiAnswer> => {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const message = await connection.request(`$JS.API.${subject}`, payload, { timeout: REQUEST_MS })
    const answer = message.json<ApiAnswer>()
    if (answer.error) throw new JetstreamError(answer.error)
    return answer
  }
  const info = async (subject: string): Promise<object | undefined> => {
    try {
      return (await request(subject)).config ?? {}
    } catch (error) {
      if (error instanceof JetstreamError && error.code === 404) return undefined
      throw error
    }
  }
  return {
    request,
    streamInfo: (stream: string) => info(`STREAM.INFO.${stream}`),
    consumerInfo: (stream: string, consumer: string) => info(`CONSUMER.INFO.${stream}.${consumer}`),
  }
}

interface ApiAnswer {
  readonly config?: object
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string }
}

class JetstreamError extends Error {
  override readonly name = 'JetstreamError'
  readonly code: number
  constructor({ code, err_code, description }: NonNullable<ApiAnswer['error']>) {
    super(`${description ?? 'JetStream refused'} (${code}/${err_code ?? 0})`)
    this.code = code
  }
}

/** Which settings of what is there are not as they should be. */
export function compare(live: object | undefined, wanted: object): QueuePart {
  if (!live) return { exists: false }
  const present = live as Readonly<Record<string, unknown>>
  const differs = Object.entries(wanted)
    .filter(([setting, value]) => JSON.stringify(present[setting]) !== JSON.stringify(value))
    .map(([setting]) => setting)
  return { exists: true, differs: differs.sort() }
}
