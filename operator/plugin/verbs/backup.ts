/** `backup`: a full backup now, by the annotation that the operator understands. */
import type { Call, Exit, Verb } from '../cli/verb.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { REQUESTS } from '../../../crds/requests.ts'
import { requestedJobName } from '../../src/components/backup/onDemand.ts'
import { BatchSender } from '../../src/vocabulary/kinds.ts'
import { EXIT } from '../cli/verb.ts'
import { senderNamed, type Seen } from '../cluster/senders.ts'
import { lookAtJob } from '../runs/follow.ts'
import { refuseSuspended, refuseWithoutBackup, timeoutOf, waitOptions } from '../runs/options.ts'
import { waitFor, type Look } from '../runs/wait.ts'
import { bytesText } from '../status/figures.ts'

const STANDARD = '1h'
const { annotation, handledIn } = REQUESTS.backup

export const backup: Verb = {
  name: 'backup',
  summary: 'make a full backup of ClickHouse now',
  doc: [
    `Writes the annotation ${annotation}; the operator makes a Job of it, once. With --wait it is done when the operator has seen the backup at its destination, not when the Job says so.`,
  ],
  operand: 'needed',
  options: waitOptions(STANDARD),
  examples: [
    { what: 'Ask for one', command: 'backup orders' },
    { what: 'Before something that is risky', command: 'backup orders --wait --timeout 30m' },
  ],
  exits: [
    '0: it was asked for; with --wait, it is there',
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
  const wanted = io.now().toISOString()
  await cluster.merge(BatchSender, operand, { metadata: { annotations: { [annotation]: wanted } } })
  io.out(`asked for a backup of ${cluster.namespace}/${operand} at ${wanted}\n`)
  if (!flags.is('wait')) return EXIT.done
  const afterwards = `kubectl batchsender status ${operand}`
  const done = await waitFor({ what: 'the backup', timeoutMs, io, afterwards }, () =>
    look(cluster, before, wanted),
  )
  io.out(`${madeText(done)}\n`)
  return EXIT.done
}

async function look(cluster: Cluster, before: Seen, wanted: string): Promise<Look<Seen>> {
  const { name } = before
  const seen = await senderNamed(cluster, name)
  if (seen.status[handledIn] !== wanted)
    return { done: false, progress: `the operator has not taken it up yet${whyNot(seen)}` }
  const last = before.status.evidence?.backup?.last?.name
  const isTold = ({ status }: Seen) => isNewer(status.evidence?.backup?.last, last, wanted)
  return lookAtJob(cluster, { sender: name, job: requestedJobName({ name }, wanted), kind: 'backup', isTold })
}

function madeText({ status }: Seen): string {
  const made = status.evidence?.backup?.last
  if (!made) return 'made'
  return `made ${made.name}: ${made.rows} rows, ${bytesText(made.sizeBytes)}, complete at ${made.completedAt}`
}

type Made = NonNullable<NonNullable<NonNullable<Seen['status']['evidence']>['backup']>['last']>

/** Another one that was complete before, by its schedule, is not the one that was asked for. */
function isNewer(made: Made | undefined, last: string | undefined, wanted: string): boolean {
  return (
    made !== undefined &&
    made.name !== last &&
    made.kind === 'full' &&
    made.completedAt >= wanted.slice(0, 19)
  )
}

function whyNot({ status }: Seen): string {
  const condition = status.conditions?.find(({ type }) => type === 'BackupReady')
  return condition?.status === 'True' || !condition ? '' : `: ${condition.reason}: ${condition.message}`
}
