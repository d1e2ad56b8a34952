/** A contestant at work: started as a user of its own, weighed by what the kernel counts, ended. */
import { readFile } from 'node:fs/promises'
import type { Command } from './contestants.ts'
import { startProcess } from '../../servers/process.ts'
import { TEMPLATE_PATH } from './fixture.ts'

export interface Weight {
  /** User and system time since the process began. */
  readonly cpuSeconds: number
  readonly residentMiB: number
  readonly mostResidentMiB: number
}

export interface RunningContestant {
  weight(): Promise<Weight>
  /** Last lines of what it wrote. */
  output(): string
  /** Rejects when it ends by itself. */
  readonly failed: Promise<never>
  /** Sends a signal that it goes on after. */
  signal(name: NodeJS.Signals): void
  /** Ends it and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Ticks of the kernel's clock a second, the same on every Linux that Node runs on (proc(5)). */
const TICKS = 100

export function startContestant(
  { program, args, env }: Command,
  kubeconfig: string,
  parent: Readonly<Record<string, string | undefined>> = process.env,
): RunningContestant {
  const child = startProcess(program, args, {
    // Neither NODE_OPTIONS nor a proxy of the harness.
    env: {
      PATH: parent['PATH'],
      HOME: parent['HOME'],
      KUBECONFIG: kubeconfig,
      CHILDREN: TEMPLATE_PATH,
      NODE_ENV: 'production',
      ...env,
    },
  })
  const output = () => child.output().split('\n').slice(-15).join('\n')
  let isWanted = true
  const failed = child.exited.then((code) => {
    if (isWanted) throw new Error(`it ended with ${code ?? 'a signal'}:\n${output()}`)
    return new Promise<never>(() => undefined)
  })
  // Whoever races against it sees the failure; nobody may, at the end of a run.
  failed.catch(() => undefined)
  return {
    output,
    failed,
    weight: () => weigh(child.pid),
    signal: (name) => process.kill(child.pid, name),
    async stop(signal = 'SIGTERM') {
      isWanted = false
      await child.stop(signal)
    },
  }
}

async function weigh(pid: number): Promise<Weight> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
  )
  const fields = (stat ?? '').replace(/^.*\) /s, '').split(' ')
  const mebibytes = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status ?? '')?.[1]) / 1024)
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    residentMiB: mebibytes('VmRSS'),
    mostResidentMiB: mebibytes('VmHWM'),
  }
}
