/** The figures in the status: what certificates say, what nodes serve, how many workers there are. Pure. */
import type { BackupEvidence } from '../../../crds/schema/clickhouseEvidence.ts'
import type { BatchSenderStatus } from '../../../crds/schema/status.ts'
import type { DeploymentManifest } from '../components/parts/manifests.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import type { Contest } from './ports.ts'
import { nounOf } from './effects/index.ts'
import { DATA_TABLES } from '../../../crds/clickhouseTables.ts'
import { childName, selectorLabels } from '../components/parts/labels.ts'
import { natsNodes, natsSecrets } from '../components/parts/natsTopology.ts'
import { Deployment } from '../vocabulary/kinds.ts'
import { childOf } from '../components/snapshot.ts'
import { ttlRules } from '../components/parts/ttlRules.ts'
import { backupHistory } from '../components/backup/history.ts'
import { repairJob } from '../components/backup/onDemand.ts'
import { nextKept } from '../components/backup/standing.ts'
import { acceptedToken, marksOf } from '../components/parts/dataLoss.ts'
import { archiveWish } from '../components/parts/clickhouse.ts'
import { scaleOf } from '../components/worker/scaling.ts'
import { instantOf } from '../components/parts/instants.ts'

type EvidenceStatus = NonNullable<BatchSenderStatus['evidence']>

/** Fights are remembered, but not all of them for ever. */
const MOST_CONTESTS = 32

export function evidenceStatus(snapshot: Snapshot, outcomes: readonly StepOutcome[]): EvidenceStatus {
  if (snapshot.sender.specFaults.length > 0) return snapshot.sender.status.evidence ?? {}
  const natsTls = natsTlsFigures(snapshot)
  const contested = contests(snapshot, outcomes)
  const archive = archiveFigures(snapshot)
  const backup = backupFigures(snapshot, outcomes)
  const tables = marksOf(snapshot)
  const acceptedLoss = acceptedToken(snapshot)
  return {
    ...(tables.length > 0 && { tables: [...tables] }),
    ...(acceptedLoss !== undefined && { acceptedLoss }),
    ...(archive && { archive }),
    ...(Object.keys(backup).length > 0 && { backup }),
    ...(natsTls && { natsTls }),
    ...sharedFigures(snapshot),
    ...(contested.length > 0 && { contested }),
  }
}

function backupFigures(snapshot: Snapshot, outcomes: readonly StepOutcome[]): BackupEvidence {
  const kept = nextKept(snapshot)
  const repair = repairJob(snapshot)
  const begun = repair && (repair.isThere || isMade(`Job ${repair.name}`, outcomes)) ? repair.base : undefined
  return {
    ...backupHistory(snapshot),
    ...(kept && { kept }),
    ...(begun !== undefined && { repaired: begun }),
  }
}

function isMade(what: string, outcomes: readonly StepOutcome[]): boolean {
  return outcomes.some(
    ({ step, outcome }) =>
      nounOf(step.desired) === what && (outcome.state === 'done' || outcome.state === 'unchanged'),
  )
}

/** As many as a person reads. */
const MOST_SHARED = 8

function sharedFigures({ shared }: Snapshot): Pick<EvidenceStatus, 'shared'> {
  const kinds = [...new Set(shared.map(({ what }) => what))]
  if (kinds.length === 0) return {}
  const namesOf = (kind: string) => shared.filter(({ what }) => what === kind).map((share) => share.with)
  return { shared: kinds.map((what) => ({ what, with: namesOf(what).slice(0, MOST_SHARED) })) }
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
    ...(ends.length > 0 && { expiresAt: instantOf(new Date(Math.min(...ends.map((end) => end.getTime())))) }),
    ...(ca && { caExpiresAt: instantOf(ca.notAfter) }),
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
      ...(due.since && { dueSince: instantOf(due.since) }),
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
  return [...fought, { object: nounOf(step.desired), manager: 'admission', paths }]
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
