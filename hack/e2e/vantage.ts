/** Where connections are tried from: the network namespace of any pod, whatever is or is not in its image. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Fate, Target } from './probe.ts'
import { kubectl, SCRIPT, script, scriptEnvironment, type Cluster } from '../cluster/cluster.ts'

const PROBE = join(import.meta.dirname, 'probe.ts')

export interface PodSeen {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly status: { readonly podIP?: string; readonly phase?: string }
}

/** The first pod with these labels that runs and has an address. */
export async function podWith(
  cluster: Cluster,
  namespace: string,
  selector: string,
): Promise<PodSeen | undefined> {
  const text = await kubectl(cluster, ['-n', namespace, 'get', 'pods', '-l', selector, '-o', 'json'])
  const { items } = JSON.parse(text) as { items: readonly PodSeen[] }
  return items.find(({ status }) => status.phase === 'Running' && status.podIP !== undefined)
}

/** What becomes of connections that a pod tries, all at once. */
export async function tryFrom(
  { metadata: { uid } }: PodSeen,
  targets: readonly Target[],
): Promise<readonly Fate[]> {
  const anyProcess = `$(grep -ls 'pod${uid}' /proc/[0-9]*/cgroup | head -n 1 | cut -d/ -f3)`
  const command = `exec nsenter -t ${anyProcess} -n '${process.execPath}' '${PROBE}' connect "$0"`
  return JSON.parse(await script('exec', 'sh', '-c', command, JSON.stringify(targets))) as readonly Fate[]
}

/** Addresses of the cluster's node that stand for somebody outside: they go with the cluster, or with `close`. */
export class Outsiders {
  readonly #child: ChildProcess
  readonly #addresses: readonly string[]

  private constructor(child: ChildProcess, addresses: readonly string[]) {
    this.#child = child
    this.#addresses = addresses
  }

  /** @param listening `ADDRESS:PORT` */
  static async open(listening: readonly string[]): Promise<Outsiders> {
    const addresses = [...new Set(listening.map((one) => one.split(':')[0] ?? ''))]
    for (const address of addresses)
      await script('exec', 'ip', 'addr', 'replace', `${address}/32`, 'dev', 'lo')
    const child = spawn(SCRIPT, ['exec', process.execPath, PROBE, 'listen', ...listening], {
      env: scriptEnvironment(),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    return new Outsiders(child, addresses)
  }

  async close(): Promise<void> {
    this.#child.stdin?.end()
    for (const address of this.#addresses)
      await script('exec', 'ip', 'addr', 'del', `${address}/32`, 'dev', 'lo')
  }
}
