/** A server process of a test: its output kept, its end awaited, itself ended with the test run. */
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { withShiftedClock } from '../test/clockShift.ts'

const KEPT_CHARACTERS = 200_000
const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface ServerProcess {
  readonly pid: number
  /** What it wrote to both its outputs, newest part. */
  output(): string
  readonly exited: Promise<number | null>
  /** Ends it and waits; SIGKILL when it does not listen. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<void>
}

export function startProcess(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ServerProcess {
  const child: ChildProcess = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  withShiftedClock(child.pid)
  running.add(child)
  let output = ''
  const keep = (text: string) => {
    output = (output + text).slice(-KEPT_CHARACTERS)
  }
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', keep)
  const exited = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      keep(`${error.message}\n`)
      running.delete(child)
      resolve(null)
    })
    child.once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return {
    pid: child.pid ?? -1,
    output: () => output,
    exited,
    async stop(signal = 'SIGTERM', patienceMs = 10_000) {
      if (!running.has(child)) return
      child.kill(signal)
      const late = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await exited
      clearTimeout(late)
    },
  }
}

/** Asks until the answer is yes. @throws Error with the server's last words when it ends or time is up. */
export async function untilReady(
  what: string,
  server: ServerProcess,
  isReady: () => Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const until = Date.now() + deadlineMs
  const ended = server.exited.then(() => 'ended' as const)
  while (!(await isReady().catch(() => false))) {
    const next = await Promise.race([ended, sleep(50, 'asleep' as const)])
    if (next === 'ended') throw new Error(`${what} ended:\n${server.output()}`)
    if (Date.now() > until) throw new Error(`${what} did not become ready in time:\n${server.output()}`)
  }
}
