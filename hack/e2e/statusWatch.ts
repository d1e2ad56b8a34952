/** Every status of one BatchSender, as the API server tells of it. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Cluster } from '../cluster/cluster.ts'
import type { Seen } from '../demo/readiness.ts'

interface Named {
  readonly metadata: { readonly name: string }
}

/** Between two watches: a server that is away is not asked without a pause. */
const AGAIN_MS = 1_000

/** From the first one on. */
export class StatusWatch {
  readonly seen: Seen[] = []
  /** The newest; none while the object is not there. */
  latest: Seen | undefined
  readonly #name: string
  readonly #start: () => ChildProcess
  #child: ChildProcess
  #stopped = false

  constructor({ kubectl: program, kubeconfig }: Cluster, namespace: string, name: string) {
    this.#name = name
    const args = [
      '--kubeconfig',
      kubeconfig,
      '-n',
      namespace,
      'get',
      'bs',
      '--watch',
      '--output-watch-events',
      '-o',
      'jsonpath={.type} {.object}{"\\n"}',
    ]
    this.#start = () => spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#child = this.#follow()
  }

  stop(): void {
    this.#stopped = true
    this.#child.kill()
  }

  /** The server ends a watch now and then. */
  #follow(): ChildProcess {
    const child = this.#start()
    let rest = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines.filter(Boolean)) this.#take(line)
    })
    child.once('close', () => {
      setTimeout(() => {
        if (!this.#stopped) this.#child = this.#follow()
      }, AGAIN_MS).unref()
    })
    return child
  }

  /** `ADDED {…}`, `MODIFIED {…}` or `DELETED {…}`. */
  #take(line: string): void {
    const at = line.indexOf(' ')
    const object = JSON.parse(line.slice(at)) as Seen & Named
    if (object.metadata.name !== this.#name) return
    const isGone = line.startsWith('DELETED')
    this.latest = isGone ? undefined : object
    if (!isGone) this.seen.push(object)
  }
}
