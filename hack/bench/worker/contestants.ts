/** Who takes part: each fills its queue, then drains it in one process that may be killed and started again. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Arena } from './arena.ts'
import type { Conditions } from './contestants/mail.ts'
import { conditionsOf, finished, startProgram } from './arena.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { prepareOurs } from './ours.ts'

export interface Contestant {
  readonly name: string
  readonly settings: string
  /** npm package whose version is told. */
  readonly package?: string
  /** Whose worker it is; this one's when left out. */
  readonly checkout?: string
  /** Keeps no queue and leaves no row: a mark to compare with, which no crash can be survived by. */
  readonly isBare?: true
  /** Everything before the first mail. @param connections to the SMTP server; unset = the contestant's own */
  prepare(arena: Arena, run: string, count: number, connections?: number): Promise<Turn>
}

/** One run of one contestant. */
export interface Turn {
  /** @returns the process that sends, for its CPU time. */
  start(): Promise<number>
  kill(): Promise<void>
  stop(): Promise<void>
  /** Recipients of which the contestant says that their mail was accepted. */
  accepted(): Promise<number>
  /** Recipients of which it says that it does not know. */
  uncertain(): Promise<number>
  /** Nothing more will come. */
  isOver(): Promise<boolean>
}

export const CONTESTANTS: readonly Contestant[] = [
  {
    ...program('bare nodemailer', 'bare', 'no queue, no row', { package: 'nodemailer' }),
    isBare: true,
  },
  { name: 'ours', settings: 'as shipped', prepare: prepareOurs },
  ...before(process.env['BEFORE']),
  program('graphile-worker', 'graphileWorker', 'default', { package: 'graphile-worker' }),
  program('graphile-worker (tuned)', 'graphileWorker', 'localQueue of 500', {
    package: 'graphile-worker',
    env: { TUNED: 'true' },
  }),
  program('pg-boss', 'pgBoss', '4 workers, lots of 13, burst while full', { package: 'pg-boss' }),
  program('BullMQ', 'bullmq', 'Redis 7, AOF every second', { package: 'bullmq' }),
]

/** Our worker of another checkout, with its modules installed. */
function before(checkout = ''): readonly Contestant[] {
  if (checkout === '') return []
  return [
    { name: 'the build before', settings: 'as shipped', checkout: resolve(checkout), prepare: prepareOurs },
  ]
}

export function versionOf(name: string): string {
  const file = join(repositoryDir, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

function program(
  name: string,
  file: string,
  settings: string,
  more: { readonly package: string; readonly env?: Readonly<Record<string, string>> },
): Contestant {
  return {
    name,
    settings,
    package: more.package,
    prepare: async (arena, run, count, connections) => {
      const conditions = conditionsOf(arena, run, count, connections)
      await finished(startProgram(file, 'enqueue', conditions, more.env ?? {}), `${name}: enqueue`)
      return turnOf(
        arena,
        conditions,
        () => startProgram(file, 'drain', conditions, more.env ?? {}),
        file === 'bare',
      )
    },
  }
}

function turnOf(
  { rig }: Arena,
  { run, count }: Conditions,
  spawn: () => ReturnType<typeof startProgram>,
  isBare: boolean,
): Turn {
  let child: ReturnType<typeof spawn> | undefined
  const end = async (signal: NodeJS.Signals) => {
    const running = child
    if (running?.exitCode !== null || running.signalCode !== null) return
    const exited = new Promise((resolve) => running.once('exit', resolve))
    running.kill(signal)
    await exited
  }
  const accepted = async () => {
    const [row] = await rig.sql<{ n: number }>('SELECT count(*)::int AS n FROM accepted WHERE run = $1', [
      run,
    ])
    return row?.n ?? 0
  }
  return {
    start: () => {
      child = spawn()
      return Promise.resolve(child.pid ?? 0)
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGKILL'),
    accepted,
    uncertain: () => Promise.resolve(0),
    isOver: async () => (isBare ? child?.exitCode === 0 : (await accepted()) === count),
  }
}
