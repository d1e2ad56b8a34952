/** Requests at a steady rate, whatever the answers take: a slow server does not slow the flood. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Shot {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Hit {
  /** Of the answer; 0 when there was none. */
  readonly status: number
  readonly ms: number
}

const TICK_MS = 10
const ANSWER_MS = 15_000
/** Providers come back later, too. */
const AGAIN_MS = 2_000
const TRIES = 10

/** @returns for each shot its hits in order; one that was not answered, or with 5xx, is tried again. */
export async function flood(
  origin: string,
  shots: readonly Shot[],
  perSecond: number,
): Promise<readonly (readonly Hit[])[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const under: Promise<readonly Hit[]>[] = []
  const startedAt = performance.now()
  while (under.length < shots.length) {
    const due = Math.min(shots.length, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) + 1)
    for (const one of shots.slice(under.length, due)) under.push(insist(origin, one, agent))
    await sleep(TICK_MS)
  }
  const hits = await Promise.all(under)
  agent.destroy()
  return hits
}

async function insist(origin: string, one: Shot, agent: Agent): Promise<readonly Hit[]> {
  const hits: Hit[] = []
  while (hits.length < TRIES) {
    const hit = await shoot(origin, one, agent)
    hits.push(hit)
    if (hit.status >= 200 && hit.status < 500) break
    await sleep(AGAIN_MS * (0.5 + Math.random()))
  }
  return hits
}

function shoot(origin: string, { path, headers, body }: Shot, agent: Agent): Promise<Hit> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const end = (status: number) => () => {
      resolve({ status, ms: performance.now() - startedAt })
    }
    const sent = request(`${origin}${path}`, { method: 'POST', headers, agent }, (response) => {
      response
        .resume()
        .once('end', end(response.statusCode ?? 0))
        .once('error', end(0))
    })
    sent.setTimeout(ANSWER_MS, () => sent.destroy())
    sent.once('error', end(0)).end(body)
  })
}
