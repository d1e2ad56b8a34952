/** A limit of memory like that of a container: a cgroup where one can be made, else the nearest thing to it. */
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface MemoryLimit {
  /** `stand-in`: V8 gets the heap it would choose, and a look at /proc every few milliseconds takes the kernel's place. */
  readonly kind: 'cgroup' | 'stand-in'
  readonly env: Readonly<Record<string, string>>
  command(
    program: string,
    args: readonly string[],
  ): { readonly program: string; readonly args: readonly string[] }
  /** The stand-in ends a process that is over the limit; resolves when told to stop. */
  watch(pidOf: () => number): void
  stop(): Promise<void>
}

const ROOT = '/sys/fs/cgroup'
const LOOK_EVERY_MS = 5

export async function limitMemory(bytes: number): Promise<MemoryLimit> {
  return (await cgroupOf(bytes)) ?? standIn(bytes)
}

async function cgroupOf(bytes: number): Promise<MemoryLimit | undefined> {
  const name = `batchsender-test-${process.pid}-${crypto.randomUUID().slice(0, 8)}`
  for (const [folder, file] of [
    [join(ROOT, 'memory', name), 'memory.limit_in_bytes'],
    [join(ROOT, name), 'memory.max'],
  ] as const) {
    try {
      await mkdir(folder)
      await access(join(folder, file))
      await writeFile(join(folder, file), String(bytes))
    } catch {
      await rmdir(folder).catch(() => undefined)
      continue
    }
    return {
      kind: 'cgroup',
      env: {},
      command: (program, args) => ({
        program: '/bin/sh',
        args: ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder, program, ...args],
      }),
      watch: () => undefined,
      stop: async () => {
        // It can be removed once the kernel has forgotten the last process.
        for (let left = 100; left > 0; left -= 1) {
          if (
            await rmdir(folder).then(
              () => true,
              () => false,
            )
          )
            return
          await sleep(20)
        }
        throw new Error(`${folder} cannot be removed`)
      },
    }
  }
  return undefined
}

function standIn(bytes: number): MemoryLimit {
  let timer: NodeJS.Timeout | undefined
  return {
    kind: 'stand-in',
    env: { MEMORY_BYTES: String(bytes) },
    command: (program, args) => ({
      program,
      args: [`--max-heap-size=${Math.floor(bytes / 2 / 1_048_576)}`, ...args],
    }),
    watch: (pidOf) => {
      timer = setInterval(() => {
        const pid = pidOf()
        void readFile(`/proc/${pid}/status`, 'utf8').then(
          (status) => {
            // Pages of files go when memory is short.
            const residentKib = Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1])
            if (residentKib * 1_024 > bytes) process.kill(pid, 'SIGKILL')
          },
          () => undefined,
        )
      }, LOOK_EVERY_MS)
    },
    stop: () => {
      clearInterval(timer)
      return Promise.resolve()
    },
  }
}
