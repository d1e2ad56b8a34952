/** The users of ClickHouse as SQL that an administrator can run, from the rights that the tests prove. */
import { rightsOf, ROLES, type Role } from '../../crds/clickhouseRights.ts'

export function clickhouseRights(): string {
  const lines = (Object.keys(ROLES) as Role[]).flatMap((role) => {
    const user = `batchsender_${role}`
    return [
      '',
      `-- ${ROLES[role]}`,
      `CREATE USER IF NOT EXISTS ${user} IDENTIFIED WITH sha256_password BY '<a password of its own>';`,
      ...rightsOf(role, { database: 'batchsender', collection: 'backup_s3' }).map(
        (right) => `GRANT ${right} TO ${user};`,
      ),
    ]
  })
  const head = [
    '-- Users of an external ClickHouse: `batchsender` is spec.clickhouse.database, `backup_s3` the named collection.',
    '-- On audit_log nobody holds ALTER, DELETE, TRUNCATE or DROP: rows are only ever added.',
  ]
  return [...head, ...lines, ''].join('\n')
}
