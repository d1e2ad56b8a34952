/** What a verb of the command line is: its words, which help, completion and documentation are made from, and its deed. */
import type { Cluster } from '../cluster/cluster.ts'

export interface Option {
  readonly name: string
  readonly short?: string
  /** What stands behind it, in capitals; absent for a switch. */
  readonly value?: string
  readonly choices?: readonly string[]
  readonly doc: string
}

export interface Example {
  readonly what: string
  /** Without `kubectl batchsender`. */
  readonly command: string
}

/** What the world of a command is: main.ts hands in the process, tests hand in values. */
export interface Io {
  out(text: string): void
  err(text: string): void
  readonly columns: number
  readonly colour: boolean
  readonly now: () => Date
  /** Ends what waits or follows. */
  readonly signal: AbortSignal
  readStdin(): Promise<string>
  readFile(path: string): Promise<string>
  writeFile(path: string, content: Uint8Array): Promise<void>
}

export interface Call {
  /** The name, where the verb takes one. */
  readonly operand: string | undefined
  readonly flags: Flags
  readonly io: Io
  cluster(): Promise<Cluster>
}

/** Options as they were given. */
export class Flags {
  readonly #given: Readonly<Record<string, string | boolean | undefined>>

  constructor(given: Readonly<Record<string, string | boolean | undefined>>) {
    this.#given = given
  }

  is(name: string): boolean {
    return this.#given[name] === true
  }

  text(name: string): string | undefined {
    const value = this.#given[name]
    return typeof value === 'string' ? value : undefined
  }
}

export const EXIT = { done: 0, failed: 1, usage: 2 } as const
export type Exit = (typeof EXIT)[keyof typeof EXIT]

export interface Verb {
  readonly name: string
  /** One line, for the list of verbs. */
  readonly summary: string
  /** Paragraphs. */
  readonly doc: readonly string[]
  /** `optional`: without one it is about all. */
  readonly operand: 'needed' | 'optional'
  readonly options: readonly Option[]
  readonly examples: readonly Example[]
  /** What its exit codes mean. */
  readonly exits: readonly string[]
  run(call: Call): Promise<Exit>
}

/** Of every verb. */
export const COMMON: readonly Option[] = [
  { name: 'namespace', short: 'n', value: 'NAMESPACE', doc: 'Instead of the namespace of the context.' },
  { name: 'kubeconfig', value: 'FILE', doc: 'Instead of $KUBECONFIG and ~/.kube/config.' },
  { name: 'context', value: 'CONTEXT', doc: 'Instead of the current context.' },
  { name: 'help', short: 'h', doc: 'Print this.' },
]
