/** The SMTP sink in a process of its own, so that it takes no time from whoever sends to it. */
import { join } from 'node:path'
import type { SinkRule } from '../standins/sinkBehaviour.ts'
import type { SunkMessage } from '../standins/smtpSink.ts'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface SmtpSinkServer {
  readonly smtpPort: number
  /** Of its HTTP front. */
  readonly url: string
  count(): Promise<number>
  messages(after?: number): Promise<SunkMessage[]>
  behave(rules: readonly SinkRule[]): Promise<void>
  log(): string
  kill(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** @param journal a file in which it keeps its messages over its starts */
export async function startSmtpSink(journal?: string): Promise<SmtpSinkServer> {
  const [smtpPort, httpPort] = [await freePort(), await freePort()]
  const server = new ChildServer({
    program: process.execPath,
    args: [join(import.meta.dirname, '../standins/smtpSink.ts')],
    env: {
      ...process.env,
      SMTP_PORT: String(smtpPort),
      HTTP_PORT: String(httpPort),
      ...(journal && { JOURNAL: journal }),
    },
    port: httpPort,
  })
  const start = async () => {
    await server.start()
  }
  await start()
  const url = `http://127.0.0.1:${httpPort}`
  return {
    smtpPort,
    url,
    count: async () => Number(await (await fetch(`${url}/count`)).text()),
    messages: async (after = 0) => {
      const text = await (await fetch(`${url}/messages?after=${after}`)).text()
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as SunkMessage)
    },
    behave: async (rules) => {
      await fetch(`${url}/behaviour`, { method: 'POST', body: JSON.stringify({ rules }) })
    },
    log: () => server.log,
    kill: () => server.kill(),
    start,
    stop: () => server.stop(),
  }
}
