/** `verify`: a backup restored and compared now, by a Job of the CronJob that does so. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { cronJobName } from '../../src/components/backup/manifests.ts'
import { childName } from '../../src/components/parts/labels.ts'
import { templateHash } from '../../src/components/parts/templateHash.ts'
import { CronJob, Job } from '../../src/vocabulary/kinds.ts'
import { Failure } from '../cli/failure.ts'
import { EXIT } from '../cli/verb.ts'
import { senderNamed, type Seen } from '../cluster/senders.ts'
import { lookAtJob } from '../runs/follow.ts'
import { refuseSuspended, refuseWithoutBackup, timeoutOf, waitOptions } from '../runs/options.ts'
import { waitFor } from '../runs/wait.ts'

const STANDARD = '1h'

export const verify: Verb = {
  name: 'verify',
  summary: 'restore the newest backup now and compare every partition',
  doc: [
    'Makes a Job from the CronJob of spec.clickhouse.backup.verify, as kubectl create job --from does. With --wait it is done when the operator has seen the comparison itself, not when the Job says so.',
  ],
  operand: 'needed',
  options: waitOptions(STANDARD),
  examples: [
    { what: 'Begin one', command: 'verify orders' },
    { what: 'Is the backup good?', command: 'verify orders --wait' },
  ],
  exits: [
    '0: it was begun; with --wait, all was equal',
    '1: it failed, or was not done in time',
    '2: the command was not understood',
  ],
  run,
}

async function run({ operand = '', flags, io, ...call }: Call): Promise<Exit> {
  const timeoutMs = timeoutOf(flags, STANDARD)
  const cluster = await call.cluster()
  const before = await senderNamed(cluster, operand)
  refuseWithoutBackup(before)
  refuseSuspended(before)
  const schedule = await scheduleOf(cluster, before)
  const begun = io.now().toISOString()
  const job = childName({ name: operand }, `verify-${templateHash({ begun }).slice(0, 8)}`)
  await cluster.create(Job, jobFrom(schedule, job, cluster.namespace))
  io.out(`began Job ${job} of ${cluster.namespace}/${operand}\n`)
  if (!flags.is('wait')) return EXIT.done
  const isTold = ({ status }: Seen) =>
    (status.evidence?.backup?.verified?.completedAt ?? '') >= begun.slice(0, 19)
  const afterwards = `kubectl batchsender status ${operand}`
  const done = await waitFor({ what: 'the verification', timeoutMs, io, afterwards }, () =>
    lookAtJob(cluster, { sender: operand, job, kind: 'verify', isTold }),
  )
  io.out(`${equalText(done)}\n`)
  return EXIT.done
}

function equalText({ status }: Seen): string {
  const verified = status.evidence?.backup?.verified
  if (!verified) return 'verified'
  const { name, rows, partitions, completedAt } = verified
  return `${name} was restored: ${rows} rows in ${partitions} partitions are equal, at ${completedAt}`
}

/** @throws Failure */
async function scheduleOf(cluster: Cluster, { name, spec }: Seen): Promise<KubernetesObject> {
  const schedule = await cluster.get(CronJob, cronJobName({ name }, 'backup-verify'))
  if (schedule) return schedule
  throw new Failure(
    spec.clickhouse?.backup?.verify
      ? `the CronJob of the verification is not there yet: kubectl batchsender status ${name}`
      : `BatchSender ${name} has no spec.clickhouse.backup.verify: set it, an empty object will do`,
  )
}

/** As `kubectl create job --from=cronjob/…` makes it. */
export function jobFrom(schedule: KubernetesObject, name: string, namespace: string): KubernetesObject {
  const { jobTemplate } = schedule['spec'] as {
    jobTemplate: {
      metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
      spec: object
    }
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      ...(jobTemplate.metadata?.labels && { labels: jobTemplate.metadata.labels }),
      annotations: { ...jobTemplate.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: schedule.metadata.name,
          uid: schedule.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: jobTemplate.spec,
  }
}
