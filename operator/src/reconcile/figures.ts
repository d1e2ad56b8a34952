/** The figures in the status: what certificates say, what nodes serve, how many workers there are. Pure. */
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { DeploymentManifest } from '../components/parts/manifests.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import type { Contest } from './ports.ts'
import { nameOf } from './ports.ts'
import { DATA_TABLES } from '../../../crds/clickhouseTables.ts'
import { childName, selectorLabels } from '../components/parts/labels.ts'
import { natsNodes, natsSecrets } from '../components/parts/natsTopology.ts'
import { Deployment } from '../vocabulary/kinds.ts'
import { childOf } from '../components/snapshot.ts'
import { ttlRules } from '../components/archive/ttlRules.ts'
import { backupHistory } from '../components/backup/history.ts'
import { archiveWish } from '../components/parts/clickhouse.ts'
import { scaleOf } from '../components/worker/scaling.ts'
import { timestamp } from './timestamp.ts'

type EvidenceStatus = NonNullable<BatchSenderStatus['evidence']>

/** Fights are remembered, but not all of them for ever. */
const MOST_CONTESTS = 32

export function evidenceStatus(snapshot: Snapshot, outcomes: readonly StepOutcome[]): EvidenceStatus {
  if (snapshot.sender.specFaults.length > 0) return snapshot.sender.status.evidence ?? {}
  const natsTls = natsTlsFigures(snapshot)
  const contested = contests(snapshot, outcomes)
  const archive = archiveFigures(snapshot)
  const backup = backupHistory(snapshot)
  return {
    ...(archive && { archive }),
    ...(Object.keys(backup).length > 0 && { backup }),
    ...(natsTls && { natsTls }),
    ...(contested.length > 0 && { contested }),
  }
}

function natsTlsFigures({ sender, secrets, evidence }: Snapshot): EvidenceStatus['natsTls'] {
  if (!sender.spec.nats.managed) return undefined
  const names = natsSecrets(sender)
  const certificateOf = (name: string) => secrets.get(name)?.certificate
  const ends = [names.server, names.worker, names.operator, names.system].flatMap(
    (name) => certificateOf(name)?.notAfter ?? [],
  )
  const server = certificateOf(names.server)
  const ca = certificateOf(names.ca)
  const seen = evidence.natsHandshake?.seen.nodes
  const nodes = natsNodes(sender).map((name) => {
    const servedSerial = seen
      ? seen.find((node) => node.name === name)?.servedSerial
      : sender.status.evidence?.natsTls?.nodes?.find((node) => node.name === name)?.servedSerial
    return { name, ...(servedSerial !== undefined && { servedSerial }) }
  })
  return {
    ...(server && { serverSerial: server.serial }),
    ...(ends.length > 0 && { expiresAt: timestamp(new Date(Math.min(...ends.map((end) => end.getTime())))) }),
    ...(ca && { caExpiresAt: timestamp(ca.notAfter) }),
    nodes,
  }
}

/** What was seen last stands until ClickHouse was looked at. */
function archiveFigures({ sender, evidence }: Snapshot): EvidenceStatus['archive'] {
  if (!archiveWish(sender)) return undefined
  const seen = evidence.clickhouse?.seen
  if (seen?.reached !== true) return sender.status.evidence?.archive
  const archived: readonly string[] = DATA_TABLES
  return seen.tables
    .filter(({ name }) => archived.includes(name))
    .map(({ name, storagePolicy, engineFull, parts: { cold, due } }) => ({
      name,
      storagePolicy,
      ...ruleText(engineFull),
      partsCold: cold.parts,
      bytesCold: cold.bytes,
      rowsCold: cold.rows,
      partsDue: due.parts,
      bytesDue: due.bytes,
      ...(due.since && { dueSince: timestamp(due.since) }),
    }))
}

function ruleText(engineFull: string): { rule?: string } {
  const rules = ttlRules(engineFull)
  return rules.length === 0 ? {} : { rule: rules.join(', ').slice(0, 1024) }
}

function contests(
  { sender }: Snapshot,
  outcomes: readonly StepOutcome[],
): NonNullable<EvidenceStatus['contested']> {
  const known = new Map(
    sender.status.evidence?.contested?.map((entry) => [`${entry.object} ${entry.manager}`, entry]),
  )
  for (const { object, manager, paths } of outcomes.flatMap(contestsOf)) {
    const key = `${object} ${manager}`
    known.set(key, { object, manager, paths: paths.slice(0, 16), count: (known.get(key)?.count ?? 0) + 1 })
  }
  return [...known.values()].slice(-MOST_CONTESTS)
}

/** Admission leaves no name of its own behind. */
function contestsOf({ step, contests: fought, rewritten = [] }: StepOutcome): readonly Contest[] {
  if (rewritten.length === 0) return fought
  const paths = rewritten.map(({ path }) => path.slice(0, 512)).sort()
  return [...fought, { object: nameOf(step.desired), manager: 'admission', paths }]
}

export function workersStatus(snapshot: Snapshot) {
  const { sender } = snapshot
  const live = childOf<DeploymentManifest>(snapshot, Deployment, childName(sender, 'worker'))
  const { wanted } = scaleOf(snapshot)
  return {
    text: `${Math.min(live?.status?.availableReplicas ?? 0, wanted)}/${wanted}`,
    scale: {
      replicas: live?.status?.replicas ?? 0,
      selector: Object.entries(selectorLabels(sender, 'worker'))
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    },
  }
}
