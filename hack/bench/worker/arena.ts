/** What contestants run against: PostgreSQL that syncs every commit, Redis, the SMTP sink, and a worker's surroundings. */
import { once } from 'node:events'
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rig } from '../../../worker/test/rig.ts'
import type { RedisServer } from '../../servers/redis.ts'
import type { Conditions } from './contestants/mail.ts'
import { startRedis } from '../../servers/redis.ts'
import { startRig } from '../../../worker/test/rig.ts'

export const CONNECTIONS = 50

export interface Arena {
  readonly rig: Rig
  readonly redis: RedisServer
  stop(): Promise<void>
}

export async function openArena(): Promise<Arena> {
  const rig = await startRig({ postgresSettings: ['fsync=on'] })
  try {
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

export const conditionsOf = ({ rig, redis }: Arena, run: string, count: number): Conditions => ({
  run,
  count,
  smtpPort: rig.sink.smtpPort,
  redisPort: redis.port,
  postgresUrl: rig.postgres.url,
  connections: CONNECTIONS,
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

/** User and system time of a process, all threads (proc(5), fields 14 and 15, in hundredths). */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
