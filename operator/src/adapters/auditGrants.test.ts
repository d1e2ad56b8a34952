import { expect, it } from 'vitest'
import { rightsOf } from '../../../crds/clickhouseRights.ts'
import { auditRightsOf } from './auditGrants.ts'

const grants = (...lines: readonly string[]) => lines.map((line) => `GRANT ${line} TO somebody`).join('\n')
const changesOf = (...lines: readonly string[]) => auditRightsOf(grants(...lines), 'mail')?.changes

it('finds nothing in what docs/clickhouse-rights.sql gives a worker', () => {
  const own = rightsOf('worker', { database: 'mail', collection: 'backup_s3' })
  expect(auditRightsOf(grants(...own), 'mail')).toEqual({ changes: [], byRole: false })
})

it.each([
  { grant: 'ALL ON *.*', changes: ['ALL'] },
  { grant: 'ALTER DELETE, TRUNCATE ON mail.audit_log', changes: ['ALTER DELETE', 'TRUNCATE'] },
  { grant: 'DROP TABLE ON `mail`.*', changes: ['DROP TABLE'] },
  { grant: 'ALTER UPDATE(user_id, ip) ON mail.audit_log', changes: ['ALTER UPDATE'] },
  { grant: 'DROP ON ma*.*', changes: ['DROP'] },
  { grant: 'TRUNCATE ON mail.audit*', changes: ['TRUNCATE'] },
  { grant: 'CREATE ROW POLICY ON mail.audit_log', changes: ['CREATE ROW POLICY'] },
  { grant: "x'; -- ON mail.audit_log", changes: ['something else'] },
  { grant: 'TRUNCATE ON mail.email_events', changes: [] },
  { grant: 'ALL ON other.*', changes: [] },
  { grant: 'CREATE TABLE, SHOW, CREATE DATABASE ON mail.*', changes: [] },
  { grant: 'INSERT, SELECT(id, action) ON mail.audit_log', changes: [] },
  { grant: 'NAMED COLLECTION ON *', changes: [] },
  { grant: 'TABLE ENGINE ON MergeTree', changes: [] },
])('$grant lets him $changes', ({ grant, changes }) => {
  expect(changesOf(grant)).toEqual(changes)
})

it('tells of rights that come with a role, which are not listed', () => {
  expect(auditRightsOf('GRANT writers TO somebody', 'mail')).toEqual({ changes: [], byRole: true })
})

it('tells a few of many, and takes nothing else for a list of grants', () => {
  const many = Array.from({ length: 50 }, (_, index) => `ALTER ${String.fromCharCode(65 + (index % 26))}`)
  expect(changesOf(`${many.join(', ')} ON *.*`)).toHaveLength(5)
  expect(auditRightsOf('<html>', 'mail')).toBeUndefined()
  expect(auditRightsOf('', 'mail')).toEqual({ changes: [], byRole: false })
})
