/** A real Prometheus that scrapes what it is told to and judges it by rules. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { ChildServer } from '../childServer.ts'
import { freePort } from '../ports.ts'
import { prometheus } from './programs.ts'

export interface PrometheusOptions {
  /** Of its file, which names `rules.yaml` beside it. */
  readonly configuration: object
  /** The text of that one. */
  readonly rules: string
  /** Unset: a free one of the loopback address. */
  readonly port?: number
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [at: number, value: string]
}

export interface PrometheusServer {
  readonly url: string
  /** @throws Error with its words when it does not understand the expression */
  query(expression: string): Promise<readonly Series[]>
  log(): string
  stop(): Promise<void>
}

const PATIENCE_MS = 60_000

export async function startPrometheus({
  configuration,
  rules,
  port,
}: PrometheusOptions): Promise<PrometheusServer> {
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-prometheus-'))
  const own = port ?? (await freePort())
  const file = join(dir, 'prometheus.yaml')
  await writeFile(join(dir, 'rules.yaml'), rules)
  await writeFile(file, stringify(configuration))
  const command = await prometheus([
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${own}`,
    '--log.level=warn',
  ])
  const server = new ChildServer({ ...command, port: own })
  await server.start()
  const url = `http://127.0.0.1:${own}`
  const until = Date.now() + PATIENCE_MS
  while (!(await fetch(`${url}/-/ready`)).ok) {
    if (Date.now() > until) throw new Error(`Prometheus does not become ready:\n${server.log}`)
    await sleep(50)
  }
  return {
    url,
    query: (expression) => query(url, expression),
    log: () => server.log,
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export interface Target {
  readonly job: string
  /** `host:port` */
  readonly address: string
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * A configuration with a few addresses.
 *
 * @param alertmanager `host:port`
 */
export function watching(targets: readonly Target[], alertmanager: string, everySeconds = 1): object {
  const interval = `${everySeconds}s`
  return {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: ['rules.yaml'],
    scrape_configs: targets.map(({ job, address, labels = {} }) => ({
      job_name: job,
      static_configs: [{ targets: [address], labels }],
    })),
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
  }
}

async function query(url: string, expression: string): Promise<readonly Series[]> {
  const answer = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression }),
  })
  const body = (await answer.json()) as {
    readonly status: string
    readonly error?: string
    readonly data?: { readonly resultType: string; readonly result: unknown }
  }
  if (body.status !== 'success') throw new Error(`${expression}\n${body.error ?? answer.statusText}`)
  return body.data?.resultType === 'vector' ? (body.data.result as readonly Series[]) : []
}
