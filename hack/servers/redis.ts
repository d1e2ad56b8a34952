/** A real Redis on a random loopback port that writes its log every second, as most are run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureCommands } from '../cluster/packages.ts'
import { ChildServer } from './childServer.ts'
import { freePort } from './ports.ts'

export interface RedisServer {
  readonly port: number
  stop(): Promise<void>
}

export async function startRedis(): Promise<RedisServer> {
  await ensureCommands('Redis', { 'redis-server': 'redis-server' })
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-redis-'))
  const port = await freePort()
  const server = new ChildServer({
    program: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--appendonly', 'yes', '--save', ''],
    port,
  })
  await server.start()
  return {
    port,
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
