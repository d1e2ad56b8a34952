/** Services of a cluster that this machine has no route to, each on a port of the loopback interface. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Cluster } from '../cluster/cluster.ts'

/** `kubectl port-forward`, one for each Service that is asked for, until they are closed. */
export class Forwards {
  readonly #cluster: Cluster
  readonly #namespace: string
  readonly #children: ChildProcess[] = []

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster
    this.#namespace = namespace
  }

  /** @returns `http://127.0.0.1:port`. @throws Error with kubectl's words when it cannot be reached */
  url(service: string, port: number): Promise<string> {
    const args = ['-n', this.#namespace, 'port-forward', `service/${service}`, `:${port}`]
    const child = spawn(this.#cluster.kubectl, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: process.env,
    })
    this.#children.push(child)
    return new Promise((resolve, reject) => {
      let words = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        words = (words + text).slice(-1_000)
      })
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [, address] = /Forwarding from (127\.0\.0\.1:\d+)/.exec(line) ?? []
        if (address !== undefined) resolve(`http://${address}`)
      })
      child.once('error', reject)
      child.once('close', () => {
        reject(new Error(`service/${service} cannot be reached: ${words.trim()}`))
      })
    })
  }

  close(): void {
    for (const child of this.#children) child.kill()
  }
}
