/**
 * The pods of migration Jobs as the Job controller and a kubelet would run them: the worker's program with the
 * environment of the manifest, its last words in the status of a Pod. A failed one is tried again after ten seconds.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../hack/cluster/shell.ts'
import { COMPONENT } from '../src/vocabulary/labels.ts'
import type { JobManifest } from '../src/components/parts/manifests.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { ended } from './controllers.ts'
import type { Harness } from './harness.ts'
import { ROOT } from './harness.ts'

const PROGRAM = join(ROOT, 'worker/src/main.ts')

/** As long as the Job controller waits before it tries a second time; it would wait longer each time. */
const BACK_OFF_MS = 10_000

interface Tries {
  readonly failed: number
  readonly atMs: number
}

/** @returns the status of a Job after what there is to do of it; `undefined` when nothing is */
export function migrationPods(cluster: Harness) {
  const triesOf = new Map<string, Tries>()
  return async (object: KubernetesObject): Promise<object | undefined> => {
    const { name, uid = '', labels } = object.metadata
    const { startTime, completionTime } = statusOf(object)
    if (completionTime !== undefined || labels?.[COMPONENT] !== 'migration') return ended(object)
    const { failed: before, atMs } = triesOf.get(uid) ?? { failed: 0, atMs: -Infinity }
    if (performance.now() < atMs + BACK_OFF_MS) return undefined
    const words = await attempt(cluster, object)
    // What has ended has no pod at work; when it began is not changed any more.
    if (words === undefined)
      return { ...ended(object), ...(startTime !== undefined && { startTime }), active: 0 }
    const failed = before + 1
    triesOf.set(uid, { failed, atMs: performance.now() })
    await failedPod(cluster, object, { name: `${name}-${failed}`, message: words })
    return { startTime: startTime ?? new Date().toISOString(), active: 1, failed, ready: 0 }
  }
}

function statusOf(object: KubernetesObject): {
  readonly startTime?: string
  readonly completionTime?: string
} {
  return object['status'] ?? {}
}

/** @returns the last words of one that failed */
async function attempt(cluster: Harness, job: JobManifest): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'batchsender-migration-'))
  const file = join(directory, 'termination-log')
  await writeFile(file, '')
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], TERMINATION_LOG: file }
  for (const { name, value, valueFrom } of variablesOf(job))
    env[name] = valueFrom?.secretKeyRef ? await cluster.secretText(valueFrom.secretKeyRef) : value
  try {
    await run(process.execPath, [PROGRAM, 'migrate'], { env })
    return undefined
  } catch {
    return await readFile(file, 'utf8')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const variablesOf = (job: JobManifest) => job.spec?.template.spec?.containers[0]?.env ?? []

async function failedPod(
  cluster: Harness,
  job: KubernetesObject,
  { name: pod, message }: { readonly name: string; readonly message: string },
): Promise<void> {
  const { name, uid = '', labels } = job.metadata
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true }
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod, ownerReferences: [owner], ...(labels && { labels }) },
    spec: { restartPolicy: 'Never', containers: [{ name: 'migration', image: 'none' }] },
  })
  const terminated = { exitCode: 1, reason: 'Error', message, finishedAt: new Date().toISOString() }
  const container = { name: 'migration', image: 'none', imageID: '', ready: false, restartCount: 0 }
  await cluster.api.patch(
    { kind: 'pod', namespace: cluster.namespace, name: pod, subresource: 'status' },
    { status: { phase: 'Failed', containerStatuses: [{ ...container, state: { terminated } }] } },
  )
}
