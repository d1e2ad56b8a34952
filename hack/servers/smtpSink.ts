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
export function startSmtpSink(journal?: string): Promise<SmtpSinkServer> {
  const program = join(import.meta.dirname, '../standins/smtpSink.ts')
  return startSink(process.execPath, [program], journal === undefined ? {} : { JOURNAL: journal })
}

/** Any program with the same front and the same two ports in its environment. */
export async function startSink(
  program: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<SmtpSinkServer> {
  const [smtpPort, httpPort] = [await freePort(), await freePort()]
  const server = new ChildServer({
    program,
    args,
    env: { ...process.env, ...env, SMTP_PORT: String(smtpPort), HTTP_PORT: String(httpPort) },
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
      const answer = await fetch(`${url}/behaviour`, { method: 'POST', body: JSON.stringify({ rules }) })
      if (!answer.ok) throw new Error(`the sink does not do this: ${await answer.text()}`)
    },
    log: () => server.log,
    kill: () => server.kill(),
    start,
    stop: () => server.stop(),
  }
}
