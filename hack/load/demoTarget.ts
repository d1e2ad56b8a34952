/** The demo of `make run` as what is put under load. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Resources } from './resources.ts'
import type { Target } from './target.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { resourcesOf } from './resources.ts'
import { batches } from './scenarios/batches.ts'

const DRAINED_WITHIN_MS = 180_000
const NEEDED = [
  'API_URL',
  'API_TOKEN',
  'SINK_URL',
  'KUBECTL',
  'KUBECONFIG',
  'BATCHSENDER_NAMESPACE',
  'BATCHSENDER_NAME',
] as const
type Environment = Readonly<Record<(typeof NEEDED)[number], string>>

/** @param recipients of each batch @throws Error when no demo is known. */
export async function demoTarget(recipients: number): Promise<Target> {
  const environment = await readEnvironment()
  const { API_URL, API_TOKEN, SINK_URL } = environment
  const sunk = async () =>
    Number(await (await fetch(`${SINK_URL}/count`, { signal: AbortSignal.timeout(10_000) })).text())
  const before = await sunk()
  return {
    origin: API_URL,
    calls: (run) => batches({ run, token: API_TOKEN, recipients }),
    resources: () => workersOf(environment),
    outcome: async (taken) => {
      const wanted = taken * recipients
      const until = Date.now() + DRAINED_WITHIN_MS
      while ((await sunk()) - before < wanted && Date.now() < until) await sleep(200)
      return { 'at the sink': { is: (await sunk()) - before, wanted } }
    },
    close: () => Promise.resolve(),
  }
}

/** What `source .run/env` has set comes first. */
async function readEnvironment(): Promise<Environment> {
  const text = await readFile(join(repositoryDir, '.run/env'), 'utf8').catch(() => '')
  const written = Object.fromEntries(
    [...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
  const found = NEEDED.map((name) => [name, process.env[name] ?? written[name]] as const)
  const missing = found.filter(([, value]) => value === undefined).map(([name]) => name)
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not known: is \`make run\` up?`)
  return Object.fromEntries(found) as Environment
}

/** By way of the API server: nobody else but Prometheus is let in. */
async function workersOf(environment: Environment): Promise<ReadonlyMap<string, Resources>> {
  const { KUBECTL, KUBECONFIG, BATCHSENDER_NAMESPACE: namespace, BATCHSENDER_NAME: name } = environment
  const kubectl = async (...args: readonly string[]) =>
    (await promisify(execFile)(KUBECTL, ['--kubeconfig', KUBECONFIG, ...args])).stdout
  const labels = `app.kubernetes.io/instance=${name},app.kubernetes.io/component=worker,!batchsender.io/probe`
  const pods = await kubectl('-n', namespace, 'get', 'pods', '-l', labels, '-o', 'name')
  const names = pods.split('\n').flatMap((line) => (line === '' ? [] : [line.replace('pod/', '')]))
  return new Map(
    await Promise.all(
      names.map(async (pod) => {
        const path = `/api/v1/namespaces/${namespace}/pods/${pod}:8081/proxy/metrics`
        return [pod, resourcesOf(await kubectl('get', '--raw', path))] as const
      }),
    ),
  )
}
