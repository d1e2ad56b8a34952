/**
 * A double of the API that clients of Unleash read toggles from: `GET /client/features` with its token and its ETag. It
 * keeps no strategies of its own; that the real Unleash would say the same of a toggle it cannot show.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { listen } from './listen.ts'

export interface Toggle {
  readonly name: string
  readonly enabled: boolean
  /** Percentage of the ids asked about; unset = all. */
  readonly rollout?: number
  /** What the percentage sticks to; unset = whatever there is. */
  readonly stickiness?: 'default' | 'userId'
  /** Payload of the one variant. */
  readonly payload?: string
}

export interface UnleashDouble {
  /** As a client is given it. */
  readonly url: string
  requests(): number
  /** Requests with another token, or with none. */
  refused(): number
  set(toggles: readonly Toggle[]): void
  /** Answers with this status until it is told otherwise. */
  fail(status: number | undefined): void
  close(): Promise<void>
}

export async function startUnleashDouble(token: string): Promise<UnleashDouble> {
  let toggles: readonly Toggle[] = []
  let failure: number | undefined
  let requests = 0
  let refused = 0

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    requests += 1
    if (request.headers.authorization !== token) {
      refused += 1
      response.writeHead(401).end()
      return
    }
    if (failure !== undefined || request.method !== 'GET' || request.url !== '/api/client/features') {
      response.writeHead(failure ?? 404).end()
      return
    }
    const body = JSON.stringify({ version: 2, features: toggles.map(featureOf) })
    const etag = `"${createHash('sha256').update(body).digest('hex')}"`
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { 'content-type': 'application/json', etag }).end(body)
  }
  const { url, close } = await listen(createServer(answer), 0)
  return {
    url: `${url}/api`,
    requests: () => requests,
    refused: () => refused,
    set: (next) => {
      toggles = next
    },
    fail: (status) => {
      failure = status
    },
    close,
  }
}

function featureOf({ name, enabled, rollout = 100, stickiness = 'default', payload }: Toggle) {
  return {
    name,
    type: 'release',
    project: 'default',
    enabled,
    strategies: [
      {
        name: 'flexibleRollout',
        constraints: [],
        parameters: { rollout: String(rollout), stickiness, groupId: name },
        variants: [],
      },
    ],
    variants:
      payload === undefined
        ? []
        : [
            {
              name: 'only',
              weight: 1_000,
              stickiness: 'default',
              payload: { type: 'string', value: payload },
            },
          ],
  }
}
