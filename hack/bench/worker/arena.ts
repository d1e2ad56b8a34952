/** What contestants run against: PostgreSQL that syncs every commit, Redis, an SMTP sink, and a worker's surroundings. */
import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Rig } from '../../../worker/test/rig.ts'
import type { RedisServer } from '../../servers/redis.ts'
import type { Conditions } from './contestants/mail.ts'
import { startRedis } from '../../servers/redis.ts'
import { startRig } from '../../../worker/test/rig.ts'
import { startFastSink } from './fastSink.ts'

/** To the SMTP server, of everybody but ours, which is run as it is shipped. */
const CONNECTIONS = 50

export interface Arena {
  readonly rig: Rig
  readonly redis: RedisServer
  stop(): Promise<void>
}

/** @param main the worker's program */
export async function openArena(main: string): Promise<Arena> {
  const postgresSettings = ['fsync=on', 'shared_preload_libraries=pg_stat_statements']
  const rig = await startRig({ postgresSettings, sink: await startFastSink(), main })
  try {
    await rig.sql('CREATE EXTENSION pg_stat_statements')
    await rig.sql(`CREATE TABLE accepted (run text, recipient integer, message_id text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (run, recipient))`)
    const redis = await startRedis()
    return {
      rig,
      redis,
      stop: async () => {
        await Promise.all([rig.stop(), redis.stop()])
      },
    }
  } catch (error) {
    await rig.stop()
    throw error
  }
}

export const conditionsOf = (
  { rig, redis }: Arena,
  run: string,
  count: number,
  connections = CONNECTIONS,
): Conditions => ({
  run,
  count,
  smtpPort: rig.sink.smtpPort,
  redisPort: redis.port,
  postgresUrl: rig.postgres.url,
  connections,
})

/** One of the programs in `contestants/`, as a process of its own. */
export function startProgram(
  program: string,
  phase: 'enqueue' | 'drain',
  conditions: Conditions,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'contestants', `${program}.ts`), phase], {
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      CONDITIONS: JSON.stringify(conditions),
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

/** @throws Error when it did not end well. */
export async function finished(child: ChildProcess, what: string): Promise<void> {
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${what} ended with ${code}`)
}
