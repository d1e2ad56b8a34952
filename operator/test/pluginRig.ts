/** The plugin as a test runs it: its words in, what it prints and its exit code out, against the control plane of a harness. */
import { run } from '../plugin/run.ts'
import type { Exit } from '../plugin/cli/verb.ts'
import type { Harness } from './harness.ts'

export interface Ran {
  readonly exit: Exit
  readonly out: string
  readonly err: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

export interface Given {
  /** Instead of a user who may do everything. */
  readonly kubeconfig?: string
  readonly stdin?: string
  /** What it finds under their names. */
  readonly reads?: Readonly<Record<string, string>>
  /** Behind everything else: what is being typed. */
  readonly typed?: string
  readonly columns?: number
  readonly signal?: AbortSignal
  /** Told of each line of output as it comes. */
  readonly onOut?: (text: string) => void
}

export async function plugin(cluster: Harness, args: readonly string[], given: Given = {}): Promise<Ran> {
  const { kubeconfig = cluster.plane.kubeconfig, stdin = '', columns = 80, onOut, typed } = given
  const [out, err]: [string[], string[]] = [[], []]
  const files = new Map<string, Uint8Array>()
  const where = ['-n', cluster.namespace, '--kubeconfig', kubeconfig]
  const exit = await run([...args, ...where, ...(typed === undefined ? [] : [typed])], {
    out: (text) => {
      out.push(text)
      onOut?.(text)
    },
    err: (text) => void err.push(text),
    columns,
    colour: false,
    now: () => new Date(),
    signal: given.signal ?? AbortSignal.timeout(240_000),
    readStdin: () => Promise.resolve(stdin),
    readFile: (path) => {
      const text = given.reads?.[path]
      return text === undefined
        ? Promise.reject(new Error(`this test has no file ${path}`))
        : Promise.resolve(text)
    },
    writeFile: (path, content) => {
      files.set(path, content)
      return Promise.resolve()
    },
  })
  return { exit, out: out.join(''), err: err.join(''), files }
}
