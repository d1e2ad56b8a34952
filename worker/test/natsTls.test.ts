import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { KeyPair } from '../../operator/src/adapters/certificateAuthority.ts'
import type { Rig, WorkerProcess } from './rig.ts'
import { startNats } from '../../hack/servers/nats.ts'
import { makeCa, makeLeaf } from '../../operator/src/adapters/certificateAuthority.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

const DAY_MS = 86_400_000
let dir: string
let rig: Rig
let worker: WorkerProcess

const authority = () => makeCa({ role: 'ca', commonName: 'test CA', durationMs: DAY_MS }, new Date())
const leaf = (ca: KeyPair, name: string) =>
  makeLeaf(
    {
      role: 'leaf',
      issuerSecret: 'test-ca',
      commonName: name,
      durationMs: DAY_MS,
      // The worker dials an address: a certificate for localhost would hide whom it compares it with.
      dnsNames: [],
      addresses: ['127.0.0.1'],
      usages: ['serverAuth', 'clientAuth'],
    },
    { certificate: ca['tls.crt'], key: ca['tls.key'] },
    new Date(),
  )
const write = async (folder: string, pair: KeyPair) => {
  for (const [name, text] of Object.entries(pair)) await writeFile(join(folder, name), text)
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-tls-'))
  const [server, client] = [await mkdtemp(join(dir, 'server-')), await mkdtemp(join(dir, 'client-'))]
  const ca = await authority()
  await write(server, await leaf(ca, 'nats'))
  await write(client, await leaf(ca, 'worker'))
  const nats = await startNats({
    tls: { cert: join(server, 'tls.crt'), key: join(server, 'tls.key'), ca: join(server, 'ca.crt') },
  })
  rig = await startRig({ nats, natsTlsDir: client })
  worker = await rig.worker()

  rotate = async () => {
    const fresh = await authority()
    await write(server, await leaf(fresh, 'nats'))
    await write(client, await leaf(fresh, 'worker'))
  }
})
afterAll(async () => {
  await rig.stop()
  await rm(dir, { recursive: true, force: true })
})

let rotate: () => Promise<void>

test('mails flow over mutual TLS', async () => {
  const id = await worker.accept(50, 'tls')
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({ counts: { sent: 50 } })
})

test('a worker without a certificate is not let in, and still accepts batches', async () => {
  const bare = await rig.worker({ natsTlsDir: join(dir, 'nowhere'), workerName: 'bare' })
  const ready = (await (await fetch(`${bare.internal}/readyz`)).json()) as { checks: { nats: string } }
  expect(ready.checks.nats).toBe('not connected')
  await bare.accept(1, 'bare')
  await bare.kill()
})

test('certificates of a new authority are taken up at the next dial, without a restart', async () => {
  await rotate()
  await rig.nats.restart()
  const id = await worker.accept(50, 'rotated')
  expect(await until(() => worker.batch(id), isFinished, worker.log)).toMatchObject({ counts: { sent: 50 } })
})
