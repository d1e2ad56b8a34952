/** One server of a test that can be stopped, killed and started again on the same port. */
import { connect } from 'node:net'
import { startProcess, untilReady, type ServerProcess } from './process.ts'

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

export class ChildServer {
  readonly #command: ServerCommand
  #process: ServerProcess | undefined
  #earlierOutput = ''

  constructor(command: ServerCommand) {
    this.#command = command
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** What it wrote to both its outputs, over all its starts; the newest lines of each. */
  get log(): string {
    return `${this.#earlierOutput}${this.#process?.output() ?? ''}`
  }

  /** @throws Error with its log when it ends or does not listen in time. */
  async start(): Promise<this> {
    const { program, args, port, ...options } = this.#command
    if (this.#process !== undefined) this.#earlierOutput = `${this.log}\n`
    this.#process = startProcess(program, args, options)
    await untilReady(program, this.#process, () => accepts(port))
    return this
  }

  /** Asks it to end, then waits; insists after `patienceMs`. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 10_000): Promise<void> {
    await this.#process?.stop(signal, patienceMs)
  }

  /** Ends it with no chance to tidy up. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  /** SIGTERM. @returns whether it ended by itself, with code 0, in time. */
  async terminate(patienceMs = 60_000): Promise<boolean> {
    await this.stop('SIGTERM', patienceMs)
    return (await this.#process?.exited) === 0
  }
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
