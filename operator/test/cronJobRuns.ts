/** Runs what a CronJob of ours would run, as its pod would: the same command with the same environment. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { V1Container } from '@kubernetes/client-node'
import type { CronJobManifest, JobManifest, Raw } from '../src/components/parts/manifests.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import type { JobReport } from '../../crds/jobReports.ts'
import { parseJobReport } from '../../crds/jobReports.ts'
import { startProcess } from '../../hack/servers/process.ts'
import { ROOT, type Harness } from './harness.ts'

/** @returns what it reports, or `suspended` where no controller would begin it */
export async function runCronJob(
  cluster: Harness,
  name: string,
  { despiteSuspension = false } = {},
): Promise<JobReport | 'suspended'> {
  const cronJob = await cluster.eventually(`CronJob ${name}`, () => cluster.get('cronjob', name))
  const { spec } = cronJob as CronJobManifest
  if (spec.suspend === true && !despiteSuspension) return 'suspended'
  return runPod(cluster, name, spec.jobTemplate.spec)
}

/** The same for a Job that somebody made. @returns what it reports */
export function runJob(cluster: Harness, job: KubernetesObject): Promise<JobReport> {
  return runPod(cluster, job.metadata.name, (job as JobManifest).spec)
}

async function runPod(cluster: Harness, name: string, spec: JobManifest['spec']): Promise<JobReport> {
  const [container] = spec?.template.spec?.containers ?? []
  if (!container) throw new Error(`${name} has no container`)
  const pod = `${name}-${randomBytes(3).toString('hex')}`
  const file = join(tmpdir(), `report-${pod}`)
  const [, , ...args] = container.command ?? []
  const program = startProcess(process.execPath, [join(ROOT, 'worker/src/main.ts'), ...args], {
    env: { PATH: process.env['PATH'], TERMINATION_LOG: file, ...(await variables(cluster, container, pod)) },
  })
  await program.exited
  const report = parseJobReport(await readFile(file, 'utf8').catch(() => ''))
  if (!report) throw new Error(`${name} left no report: ${program.output()}`)
  return report
}

type Container = Raw<V1Container>

async function variables(
  cluster: Harness,
  { env = [] }: Container,
  pod: string,
): Promise<Record<string, string>> {
  const entries = env.map(async ({ name, value, valueFrom }) => {
    const read = valueFrom?.secretKeyRef && (await valueOf(cluster, valueFrom.secretKeyRef))
    return [name, value ?? read ?? pod] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

async function valueOf(
  cluster: Harness,
  ref: { readonly name?: string; readonly key: string },
): Promise<string> {
  const secret = await cluster.get('secret', ref.name ?? '')
  const data = (secret?.['data'] ?? {}) as Readonly<Record<string, string>>
  return Buffer.from(data[ref.key] ?? '', 'base64').toString()
}
