/** What to do next about a check that is not proven. Typed by the schema: a check without an advice does not compile. Pure. */
import type { Check } from '../../../crds/schema/status.ts'
import type { CheckName } from '../../../crds/schema/checks.ts'
import type { Advice } from './adviceWords.ts'

type Open = Exclude<Check['state'], 'Proven' | 'Waived'>

const to = (next: string, page: string): Advice => ({ next, page })
const WAIVE = 'or waive it with a reason in spec.readiness.waive'
const RUNBOOK = 'runbooks/check-failing.md'

const WORKERS = to(
  'See whether a worker runs and answers: kubectl batchsender logs NAME --component worker.',
  RUNBOOK,
)

export const CHECK_ADVICE: Readonly<Record<CheckName, Readonly<Record<Open, Advice>>>> = {
  'nats-tls-adopted': {
    Failing: to(
      'Look at the node that the message names; kubectl batchsender renew NAME --wait makes certificates anew.',
      'certificates.md#what-the-check-nats-tls-adopted-looks-at',
    ),
    Unknown: to(
      'See whether the nodes of NATS answer the operator on port 4222.',
      'runbooks/nats-connection-loss.md',
    ),
    NotConfigured: to(`Nothing of an external NATS can be proven: ${WAIVE}.`, 'certificates.md'),
  },
  'certificates-current': {
    Failing: to(
      'Put the successor of yours into the Secret that the message names; for one of ours see NatsTLSReady above.',
      'runbooks/certificate-expiring.md',
    ),
    Unknown: to('See NatsTLSReady above: no certificate is there yet.', 'certificates.md'),
    NotConfigured: to(
      `Set spec.nats.external.tlsSecretRef, ${WAIVE}.`,
      'certificates.md#what-the-check-certificates-current-looks-at',
    ),
  },
  'archive-flowing': {
    Failing: to(
      'See why parts do not move: disk space, the bucket, background moves of the server.',
      'archive.md#when-s3-is-away',
    ),
    Unknown: to('See ArchiveReady above: ClickHouse has to answer first.', 'archive.md'),
    NotConfigured: to(`Set spec.clickhouse.archive, ${WAIVE}.`, 'archive.md'),
  },
  'backup-fresh': {
    Failing: to('Make a backup now: kubectl batchsender backup NAME --wait.', 'runbooks/backup-too-old.md'),
    Unknown: to(
      'Make the first one: kubectl batchsender backup NAME --wait; or grant what the message names.',
      'backup.md#what-the-checks-are-worth',
    ),
    NotConfigured: to(`Set spec.clickhouse.backup, ${WAIVE}.`, 'backup.md'),
  },
  'restore-verified': {
    Failing: to(
      'Restore and compare now: kubectl batchsender verify NAME --wait.',
      'runbooks/backup-not-verified.md',
    ),
    Unknown: to(
      'Restore and compare now: kubectl batchsender verify NAME --wait.',
      'runbooks/backup-not-verified.md',
    ),
    NotConfigured: to(`Set spec.clickhouse.backup.verify, ${WAIVE}.`, 'backup.md'),
  },
  'network-enforced': {
    Failing: to(
      'See whether the network plugin enforces NetworkPolicies, and who else opens what the message names.',
      'networkPolicies.md#how-enforcement-is-proven',
    ),
    Unknown: to(
      'See why probe pods do not run, or ask for a round: kubectl annotate --overwrite bs NAME batchsender.io/requestedAt="$(date)".',
      'networkPolicies.md#how-enforcement-is-proven',
    ),
    NotConfigured: to(`Set spec.network.policies to Enabled, ${WAIVE}.`, 'networkPolicies.md'),
  },
  'postgres-durable': {
    Failing: to(
      'Turn on the setting of PostgreSQL that the message names.',
      'postgres.md#durability-replication-and-failover',
    ),
    Unknown: WORKERS,
    NotConfigured: to(`PostgreSQL is not told of: ${WAIVE}.`, 'postgres.md'),
  },
  'postgres-encrypted': {
    Failing: to(
      'Add sslmode=verify-full to the url in the Secret of spec.postgres, and ca.crt where the CA is yours.',
      'postgres.md#connections',
    ),
    Unknown: WORKERS,
    NotConfigured: to(`PostgreSQL is not told of: ${WAIVE}.`, 'postgres.md'),
  },
  'audit-log': {
    Failing: to('Revoke or grant in ClickHouse what the message names; or see why entries wait.', 'audit.md'),
    Unknown: to('See whether ClickHouse and a worker answer.', 'audit.md'),
    NotConfigured: to(`Set spec.clickhouse, ${WAIVE}.`, 'audit.md'),
  },
  'webhooks-verified': {
    Failing: to(
      'See which message was taken or left lying, in the log of the workers.',
      'webhooks.md#how-it-is-proven',
    ),
    Unknown: WORKERS,
    NotConfigured: to(`Name topics or the Secret of webhooks at the provider, ${WAIVE}.`, 'webhooks.md'),
  },
  'api-responsive': {
    Failing: to('See which routes are slow or fail, and what PostgreSQL waits for.', 'runbooks/api-slow.md'),
    Unknown: WORKERS,
    NotConfigured: WORKERS,
  },
  monitoring: {
    Failing: to(
      'See MonitoringReady above; definitions of prometheus-operator have to be installed.',
      'monitoring.md',
    ),
    Unknown: to('Wait for a moment: objects are being made.', 'monitoring.md'),
    NotConfigured: to(`Set spec.monitoring, ${WAIVE}.`, 'monitoring.md'),
  },
  gateway: {
    Failing: to(
      'Do what the reason of the Gateway in the message says.',
      'gateway.md#what-the-gateway-answers',
    ),
    Unknown: to('See whether the controller of the Gateway runs.', 'gateway.md#what-the-gateway-answers'),
    NotConfigured: to(`Set spec.gateway, ${WAIVE}.`, 'gateway.md'),
  },
  'secrets-managed': {
    Failing: to('Have the Secret that the message names kept by one of the tools of the page.', 'secrets.md'),
    Unknown: to(
      'Wait for the Secret that the message names, or see why its tool does not make it.',
      'secrets.md',
    ),
    NotConfigured: to(`Set spec.secrets.requireManaged, ${WAIVE}.`, 'secrets.md'),
  },
}

export function adviceOnCheck({ name, state }: Pick<Check, 'name' | 'state'>): Advice | undefined {
  if (state === 'Proven' || state === 'Waived') return undefined
  const table: Readonly<Record<string, Readonly<Record<Open, Advice>>>> = CHECK_ADVICE
  return table[name]?.[state]
}
