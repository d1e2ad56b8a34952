import { casesOf, object, type Case } from './case.ts'

const ready = (status: string, reason = 'NatsReady') =>
  object('batchsender_status_condition', `type="Ready",status="${status}",reason="${reason}"`)
const check = (name: string, state: string) =>
  object('batchsender_status_check', `check="${name}",state="${state}"`)
const completed = object('batchsender_backup_completed_timestamp_seconds')
const maxAge = object('batchsender_backup_max_age_seconds')
const notAfter = (certificate: string) =>
  object('batchsender_certificate_not_after_timestamp_seconds', `certificate="${certificate}"`)

const LATE = object('batchsender_certificate_renewal_late_seconds')

const notReady = casesOf('NotReady', 'critical')
const failing = casesOf('CheckFailing', 'warning')
const old = casesOf('BackupTooOld', 'critical')
const unverified = casesOf('BackupNotVerified', 'warning')
const expiring = casesOf('CertificateExpiring', 'critical')

const NOT_READY = 'mail/orders has not been Ready for ten minutes; its condition says why.'
const FAILS = 'The check postgres-encrypted of mail/orders fails; its message says why.'
const OLD = 'The newest backup of mail/orders is older than spec.objectives.rpo allows, or there is none.'
const UNVERIFIED =
  'No backup of mail/orders was restored in time, or one could not be: the check restore-verified says which.'

export const objectCases: readonly Case[] = [
  notReady.fires('for eleven minutes', '11m', { [ready('False')]: '1x20' }, NOT_READY),
  notReady.fires(
    'for one reason, then for another',
    '12m',
    { [ready('False')]: '1x5 stale', [ready('Unknown', 'PassFailed')]: '_x6 1x20' },
    NOT_READY,
  ),
  notReady.fires('over a gap of two minutes', '15m', { [ready('False')]: '1x8 _x2 1x20' }, NOT_READY),
  notReady.quiet('Ready', '15m', { [ready('True', 'Ready')]: '1x20' }),
  notReady.quiet('suspended', '15m', { [ready('False')]: '1x20', [object('batchsender_suspended')]: '1x20' }),
  notReady.quiet('another condition', '15m', {
    [object('batchsender_status_condition', 'type="MailFlowing",status="False",reason="X"')]: '1x20',
  }),

  failing.fires('PostgreSQL without TLS', '6m', { [check('postgres-encrypted', 'Failing')]: '1x20' }, FAILS, {
    check: 'postgres-encrypted',
  }),
  failing.fires(
    'over a gap of two minutes',
    '9m',
    { [check('postgres-encrypted', 'Failing')]: '1x3 _x2 1x20' },
    FAILS,
    { check: 'postgres-encrypted' },
  ),
  failing.quiet('waived, unknown, proven', '9m', {
    [check('postgres-encrypted', 'Waived')]: '1x20',
    [check('network-enforced', 'Unknown')]: '1x20',
    [check('nats-tls-adopted', 'Proven')]: '1x20',
  }),
  failing.quiet('one that has an alert of its own', '9m', { [check('backup-fresh', 'Failing')]: '1x20' }),

  old.fires('the newest is older than 30 minutes', '36m', { [completed]: '0x60', [maxAge]: '1800x60' }, OLD),
  old.fires('the check says so', '6m', { [check('backup-fresh', 'Failing')]: '1x20' }, OLD),
  old.fires(
    'over a gap of two minutes',
    '40m',
    { [completed]: '0x34 _x2 0x20', [maxAge]: '1800x34 _x2 1800x20' },
    OLD,
  ),
  old.quiet('half an hour', '30m', { [completed]: '0x60', [maxAge]: '1800x60' }),
  old.quiet('a new one every ten minutes', '55m', {
    [completed]: '0x10 600x10 1200x10 1800x10 2400x10 3000x10',
    [maxAge]: '1800x60',
  }),
  old.quiet('no backup is wanted', '55m', { [check('backup-fresh', 'NotConfigured')]: '1x60' }),

  unverified.fires('the check fails', '6m', { [check('restore-verified', 'Failing')]: '1x20' }, UNVERIFIED),
  unverified.fires(
    'over a gap of two minutes',
    '9m',
    { [check('restore-verified', 'Failing')]: '1x3 _x2 1x20' },
    UNVERIFIED,
  ),
  unverified.quiet('unknown, as before the first', '9m', { [check('restore-verified', 'Unknown')]: '1x20' }),

  expiring.fires(
    'in a day',
    '6m',
    { [notAfter('server')]: '86400x20', [notAfter('worker')]: '2592000x20', [LATE]: '604800x20' },
    'The certificate server of mail/orders ends in 23h 54m 0s.',
    { certificate: 'server' },
  ),
  expiring.fires(
    'over a gap of two minutes',
    '10m',
    { [notAfter('server')]: '86400x3 _x2 86400x20', [LATE]: '604800x3 _x2 604800x20' },
    'The certificate server of mail/orders ends in 23h 50m 0s.',
    { certificate: 'server' },
  ),
  expiring.quiet('in a month', '9m', { [notAfter('server')]: '2592000x20', [LATE]: '604800x20' }),
  expiring.quiet('in an hour, of one that lives no longer', '9m', {
    [notAfter('server')]: '3600x20',
    [LATE]: '600x20',
  }),
  expiring.fires(
    'late, of one that lives for an hour',
    '59m',
    { [notAfter('server')]: '3600x80', [LATE]: '600x80' },
    'The certificate server of mail/orders ends in 1m 0s.',
    { certificate: 'server' },
  ),
]
