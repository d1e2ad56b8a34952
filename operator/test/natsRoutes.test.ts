/** Who may join the NATS of a BatchSender as a server: its nodes, and nobody else with a certificate of its CA. */
import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { binary } from '../../hack/cluster/binaries.ts'
import { startProcess, untilReady, type ServerProcess } from '../../hack/servers/process.ts'
import type { KeyPair } from '../src/adapters/certificateAuthority.ts'
import { makeCa, makeLeaf } from '../src/adapters/certificateAuthority.ts'
import {
  CONFIG_DIR,
  DATA_DIR,
  natsConfiguration,
  RUN_DIR,
  TLS_DIR,
} from '../src/components/nats/configuration.ts'
import { nodeHost } from '../src/components/parts/natsTopology.ts'
import { sender, snapshot, SPEC } from '../src/testing/snapshots.ts'

const HOUR_MS = 3_600_000
const NODE = 'localhost'

let folder: string
let ca: KeyPair
const running: ServerProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batchsender-routes-'))
  ca = await makeCa({ role: 'ca', commonName: 'test', durationMs: HOUR_MS }, new Date())
})
afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()))
  await rm(folder, { recursive: true, force: true })
})

interface Node {
  readonly monitor: string
  readonly cluster: string
  readonly log: () => string
}

/** A node with the configuration of the product, but for its paths, its ports and the name of every node. */
async function start(
  name: string,
  dnsNames: readonly string[],
  usages: readonly ('serverAuth' | 'clientAuth')[],
  route = `${NODE}:1`,
): Promise<Node> {
  const home = join(folder, name)
  for (const each of ['tls', 'data', 'run', 'ports']) await mkdir(join(home, each), { recursive: true })
  const pair = await makeLeaf(
    { role: 'leaf', commonName: name, dnsNames, usages, durationMs: HOUR_MS, issuerSecret: '' },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    new Date(),
  )
  for (const [file, text] of Object.entries(pair)) await writeFile(join(home, 'tls', file), text)
  const three = sender({ spec: { ...SPEC, nats: { managed: { replicas: 3 } } } })
  const { installation } = snapshot()
  let text = natsConfiguration(three, installation)
  for (const node of [0, 1, 2])
    text = text.replace(`${nodeHost(three, `orders-nats-${node}`, installation)}:6222`, route)
  text = text
    .replaceAll(TLS_DIR, join(home, 'tls'))
    .replaceAll(DATA_DIR, join(home, 'data'))
    .replaceAll(RUN_DIR, join(home, 'run'))
    .replaceAll(CONFIG_DIR, home)
    .replace(/^port: \d+$/m, 'port: -1')
    .replace(/^http_port: \d+$/m, 'http_port: -1')
    .replace(/^ {2}port: \d+$/m, '  port: -1')
    .replace('server_name: $POD_NAME', `server_name: ${name}\nports_file_dir: "${join(home, 'ports')}"`)
  await writeFile(join(home, 'nats.conf'), text)
  const server = startProcess(await binary('nats-server'), ['-c', join(home, 'nats.conf'), '-a', '127.0.0.1'])
  running.push(server)
  const ports = async () => {
    const [file = ''] = await readdir(join(home, 'ports'))
    return JSON.parse(await readFile(join(home, 'ports', file), 'utf8')) as Record<string, readonly string[]>
  }
  await untilReady(name, server, async () => ((await ports())['monitoring'] ?? []).length > 0)
  const portOf = async (of: string) => new URL((await ports())[of]?.[0] ?? '').port
  return {
    monitor: `http://127.0.0.1:${await portOf('monitoring')}`,
    cluster: `${NODE}:${await portOf('cluster')}`,
    log: () => server.output(),
  }
}

const joined = async ({ monitor }: Node): Promise<readonly string[]> => {
  const { routes } = (await (await fetch(`${monitor}/routez`)).json()) as {
    routes: readonly { remote_name?: string }[]
  }
  return [...new Set(routes.map(({ remote_name: name = '' }) => name))].sort()
}

test('a node joins, and a worker with a certificate of the same CA does not', async () => {
  const node = await start('node', [NODE], ['serverAuth', 'clientAuth'])
  const intruder = await start(
    'intruder',
    ['worker.orders.mail.nats.batchsender.internal'],
    ['clientAuth'],
    node.cluster,
  )
  // It tries again and again; once the true one has joined, it has had its turn.
  await expect
    .poll(() => intruder.log(), { timeout: 60_000 })
    .toMatch(/Router connection closed|Route connection created/)
  await start('other', [NODE], ['serverAuth', 'clientAuth'], node.cluster)
  await expect.poll(() => joined(node), { timeout: 60_000 }).toContain('other')
  expect(await joined(node)).toEqual(['other'])
  expect(node.log()).toMatch(/authentication error/i)
})
