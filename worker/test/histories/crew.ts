/** The workers of a history: some may be held, and one that is not answers for all of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerProcess } from '../rig.ts'
import { TOKEN } from '../rig.ts'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** What a history turned up. */
export class Fault extends Error {}

const ANSWERED_MS = 15_000
/** A worker that comes back after PostgreSQL was started waits for those that are not heard of. */
const PATIENCE_MS = 90_000

export class Crew {
  readonly #workers: readonly WorkerProcess[]
  readonly #held = new Set<WorkerProcess>()

  constructor(workers: readonly WorkerProcess[]) {
    this.#workers = workers
  }

  log = (): string => this.#workers.map((worker) => worker.log().slice(-6_000)).join('\n---\n')

  /** Asked again while the servers are away. @throws Fault for what is never right. */
  async ask(
    path: string,
    method = 'GET',
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const deadline = Date.now() + PATIENCE_MS
    const request = {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    }
    let last: unknown
    for (let asked = 0; Date.now() < deadline; asked += 1) {
      // One that is held may hold what the others wait for.
      if (asked > 1) this.releaseAll()
      const answer = await answerOf(`${this.#answering().api}${path}`, request)
      if (!(answer instanceof Error) && answer.status !== 503) {
        if (answer.status === 500) throw new Fault(`${method} ${path}: ${JSON.stringify(answer.body)}`)
        return answer
      }
      last = answer
      await sleep(300)
    }
    throw new Fault(`${method} ${path} has no answer: ${String(last)}`)
  }

  async kill(number: number): Promise<void> {
    const worker = this.#workers[number]
    await worker?.kill()
    if (worker !== undefined) this.#held.delete(worker)
    await worker?.start()
  }

  hold(number: number): void {
    const worker = this.#workers[number]
    if (worker === undefined) return
    process.kill(worker.pid(), 'SIGSTOP')
    this.#held.add(worker)
  }

  release(number: number): void {
    const worker = this.#workers[number]
    if (worker !== undefined && this.#held.delete(worker)) process.kill(worker.pid(), 'SIGCONT')
  }

  releaseAll(): void {
    for (const number of this.#workers.keys()) this.release(number)
  }

  #answering(): WorkerProcess {
    const [first] = this.#workers
    const free = this.#workers.find((one) => !this.#held.has(one))
    if (free === undefined) this.releaseAll()
    const worker = free ?? first
    if (worker === undefined) throw new Error('there is no worker')
    return worker
  }
}

async function answerOf(url: string, request: RequestInit): Promise<Answer | Error> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(ANSWERED_MS) })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
