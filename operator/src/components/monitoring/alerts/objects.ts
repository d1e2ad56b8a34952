/** Alerts about what the operator says of a BatchSender: conditions, checks, backups, certificates. */
import type { Alert } from './alert.ts'
import type { Selector } from './promql.ts'
import { BY, highest, matchers, WHO } from './promql.ts'

/** Checks with an alert of their own. */
const OF_BACKUPS = ['backup-fresh', 'restore-verified'] as const

export function objectAlerts(selector: Selector | undefined): readonly Alert[] {
  const of = (metric: string, ...more: readonly string[]) => `${metric}${matchers(selector, ...more)}`
  const failing = (check: string, by = BY) =>
    highest(of('batchsender_status_check', `check${check}`, 'state="Failing"'), by)
  const completed = highest(of('batchsender_backup_completed_timestamp_seconds'))
  const maxAge = highest(of('batchsender_backup_max_age_seconds'))
  return [
    {
      name: 'NotReady',
      severity: 'critical',
      expr: `${highest(of('batchsender_status_condition', 'type="Ready"', 'status!="True"'))} == 1
  unless on (${BY}) ${highest(of('batchsender_suspended'))} == 1`,
      for: '10m',
      summary: 'A BatchSender is not Ready.',
      description: `${WHO} has not been Ready for ten minutes; its condition says why.`,
    },
    {
      name: 'CheckFailing',
      severity: 'warning',
      expr: `${failing(`!~"${OF_BACKUPS.join('|')}"`, `${BY}, check`)} == 1`,
      for: '5m',
      summary: 'A check for production fails.',
      description: `The check {{ $labels.check }} of ${WHO} fails; its message says why.`,
    },
    {
      name: 'BackupTooOld',
      severity: 'critical',
      expr: `time() - ${completed} > on (${BY}) ${maxAge}
  or on (${BY}) ${failing(`="${OF_BACKUPS[0]}"`)} == 1`,
      for: '5m',
      summary: 'The newest backup is older than its objective allows.',
      description: `The newest backup of ${WHO} is older than spec.objectives.rpo allows, or there is none.`,
    },
    {
      name: 'BackupNotVerified',
      severity: 'warning',
      expr: `${failing(`="${OF_BACKUPS[1]}"`)} == 1`,
      for: '5m',
      summary: 'Backups are not proven by a restore.',
      description: `No backup of ${WHO} was restored in time, or one could not be: the check restore-verified says which.`,
    },
    {
      name: 'CertificateExpiring',
      severity: 'critical',
      expr: `min by (${BY}, certificate) (${of('batchsender_certificate_not_after_timestamp_seconds')}) - time()
  < on (${BY}) group_left () ${highest(of('batchsender_certificate_renewal_late_seconds'))}`,
      for: '5m',
      summary: 'A certificate was not renewed and ends soon.',
      description: `The certificate {{ $labels.certificate }} of ${WHO} ends in {{ $value | humanizeDuration }}.`,
    },
  ]
}
