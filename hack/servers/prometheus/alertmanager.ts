/** A real Alertmanager, and whoever it calls. */
import { createServer } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChildServer } from '../childServer.ts'
import { freePort } from '../ports.ts'
import { alertmanager } from './programs.ts'

export interface AlertmanagerServer {
  /** `host:port` */
  readonly address: string
  readonly url: string
  log(): string
  stop(): Promise<void>
}

/**
 * @param configuration the text of its file
 * @param port unset: a free one
 */
export async function startAlertmanager(configuration: string, port?: number): Promise<AlertmanagerServer> {
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-alertmanager-'))
  const file = join(dir, 'alertmanager.yaml')
  await writeFile(file, configuration)
  const own = port ?? (await freePort())
  const command = await alertmanager([
    `--config.file=${file}`,
    `--storage.path=${join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${own}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ])
  const server = await new ChildServer({ ...command, port: own }).start()
  return {
    address: `127.0.0.1:${own}`,
    url: `http://127.0.0.1:${own}`,
    log: () => server.log,
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** One alert of a notification (webhook of Alertmanager, version 4). */
export interface Notified {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Receiver {
  readonly url: string
  /** All that came, the newest last. */
  notified(): readonly Notified[]
  stop(): Promise<void>
}

/** Whoever is on call. @param tell of each alert that comes */
export async function startReceiver(tell?: (alert: Notified) => void): Promise<Receiver> {
  const came: Notified[] = []
  const port = await freePort()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { alerts } = JSON.parse(body) as { readonly alerts: readonly Notified[] }
      came.push(...alerts)
      for (const alert of alerts) tell?.(alert)
      response.end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${port}/`,
    notified: () => came,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
