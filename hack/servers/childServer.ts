/** A server as a child process: started, waited for, its last words kept, and never left behind. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ServerCommand {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** The server is up when this port of the loopback address accepts a connection. */
  readonly port: number
}

const KEPT_LOG_CHARACTERS = 200_000
const START_MS = 30_000
const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** One server that can be stopped, killed and started again on the same port. */
export class ChildServer {
  readonly #command: ServerCommand
  #child: ChildProcess | undefined
  #log = ''

  constructor(command: ServerCommand) {
    this.#command = command
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** What it wrote to both its outputs, newest part. */
  get log(): string {
    return this.#log
  }

  /** @throws Error with its log when it ends or does not listen in time. */
  async start(): Promise<this> {
    const { program, args, env, cwd, uid, gid, port } = this.#command
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
    })
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.once('error', (error) => {
      this.#keep(`${error.message}\n`)
      running.delete(child)
    })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#keep(text)
      })
    }
    const deadline = Date.now() + START_MS
    while (!(await accepts(port))) {
      if (!running.has(child) || Date.now() > deadline) {
        child.kill('SIGKILL')
        throw new Error(`${program} did not start:\n${this.#log}`)
      }
      await sleep(25)
    }
    return this
  }

  /** Asks it to end, then waits; insists after `patienceMs`. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 10_000): Promise<void> {
    const child = this.#child
    if (child?.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    const insist = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    await ended
    clearTimeout(insist)
  }

  /** Ends it with no chance to tidy up. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  /** SIGTERM. @returns whether it ended by itself, with code 0, in time. */
  async terminate(patienceMs = 60_000): Promise<boolean> {
    const child = this.#child
    await this.stop('SIGTERM', patienceMs)
    return child?.exitCode === 0
  }

  #keep(text: string): void {
    this.#log = (this.#log + text).slice(-KEPT_LOG_CHARACTERS)
  }
}

/** @returns a port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (accepted: boolean) => () => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', settle(true))
    socket.once('error', settle(false))
  })
}
