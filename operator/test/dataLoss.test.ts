/** Rows that vanish from ClickHouse, and backups that vanish from their destination; see backupRig.ts for what is real. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { procedure } from '../../hack/docs/procedures.ts'
import { BackupRig } from './backupRig.ts'
import { runJob } from './cronJobRuns.ts'
import { condition } from './harness.ts'
import { typed } from './terminal.ts'

/** Dozens of backups, each a program of its own. */
vi.setConfig({ testTimeout: 900_000 })

/** What docs/backup.md has as an example. */
const BACKUP = '2026-11-23T02-00-00Z-full-1a2b3c4d'

let rig: BackupRig
beforeAll(async () => {
  rig = await BackupRig.start()
})
afterAll(() => rig.stop())
beforeEach(() => rig.newSender())

describe('a database that was dropped', () => {
  it('is told with figures, not made anew, and its last good backup outlives twenty others', async () => {
    const good = await rig.provenBackup()
    const before = await rig.content()
    await rig.run('DROP DATABASE $db SYNC')
    const told = await rig.untilReason('BackupReady', 'DataLost')
    expect(told.message).toMatch(/email_events had 3000 rows in \d partitions .* and has 0 there/)
    expect(told.message).toContain(good)
    const seen = await rig.cluster.status()
    expect(condition(seen, 'ArchiveReady')?.reason).toBe('DataLost')
    expect(condition(seen, 'Stalled')?.reason).toBe('DataLost')
    for (const check of ['backup-fresh', 'restore-verified', 'archive-flowing'])
      await rig.untilCheck(check, 'Failing', /had 3000 rows/)
    expect(await rig.exists('DATABASE $db')).toBe(false)
    expect(await rig.runPart('retention')).toBe('suspended')

    // Somebody makes what is missing by hand, and backups go on.
    await rig.makeTables()
    for (let count = 0; count < 20; count += 1) await rig.backupNow()
    await rig.runPart('verify')
    await rig.untilCheck('restore-verified', 'Failing', /had 3000 rows/)
    // A CronJob that began before it was suspended.
    await rig.runPart('retention', { despiteSuspension: true })
    expect(await rig.folders()).toContain(good)

    await rig.run('DROP DATABASE $db SYNC')
    await rig.follow(procedure('docs/backup.md#restore-database'), { [BACKUP]: good })
    expect(await rig.content()).toEqual(before)
    await rig.untilReason('BackupReady', 'Scheduled')
    await rig.untilReason('ArchiveReady', 'Archiving')
    expect(await rig.runPart('retention')).not.toBe('suspended')
  })

  it('is made anew when a person accepts the loss', async () => {
    await rig.provenBackup()
    await rig.run('DROP DATABASE $db SYNC')
    const { message } = await rig.untilReason('BackupReady', 'DataLost')
    const [, token = ''] = /acceptDataLoss=(\w+)/.exec(message) ?? []
    await rig.annotate({ 'batchsender.io/acceptDataLoss': 'another' })
    await rig.cluster.hurry()
    expect(condition(await rig.cluster.status(), 'BackupReady')?.reason).toBe('DataLost')
    await typed(rig.cluster, procedure('docs/backup.md#accept-loss').with({ '1a2b3c4d': token }))
    await rig.untilReason('ArchiveReady', 'Archiving')
    await rig.untilReason('BackupReady', 'Scheduled')
    expect(await rig.exists('TABLE $db.email_events')).toBe(true)
  })
})

describe('a partition that was dropped', () => {
  it('is told by its name, and ends when the documented restore has brought it back', async () => {
    const good = await rig.provenBackup()
    const before = await rig.content()
    const [oldest] = await rig.rows<{ id: string }>(
      "SELECT min(partition_id) AS id FROM system.parts WHERE active AND database = '$db' AND table = 'email_events'",
    )
    await rig.run(`ALTER TABLE $db.email_events DROP PARTITION ID '${oldest?.id ?? ''}'`)
    const told = await rig.untilReason('ArchiveReady', 'DataLost')
    expect(told.message).toContain(`its partition ${oldest?.id ?? ''} and has 0 there`)
    for (let count = 0; count < 3; count += 1) await rig.backupNow()
    await rig.runPart('retention', { despiteSuspension: true })

    await rig.follow(procedure('docs/backup.md#restore-partition'), {
      [BACKUP]: good,
      202605: oldest?.id ?? '',
    })
    expect(await rig.content()).toEqual(before)
    await rig.untilReason('ArchiveReady', 'Archiving')
    await rig.untilReason('BackupReady', 'Scheduled')
  })
})

describe('a table that was dropped', () => {
  it.each(['and nothing else', 'and made anew'])('%s is restored without the others', async (how) => {
    const good = await rig.provenBackup()
    const before = await rig.content()
    await rig.run('DROP TABLE $db.email_events SYNC')
    await rig.untilReason('BackupReady', 'DataLost')
    if (how === 'and made anew') await rig.makeTable('email_events')
    await rig.follow(procedure('docs/backup.md#restore-table'), { [BACKUP]: good })
    expect(await rig.content()).toEqual(before)
    await rig.untilReason('ArchiveReady', 'Archiving')
    await rig.untilReason('BackupReady', 'Scheduled')
  })
})

describe('a table that has other rows than it should', () => {
  it('is compared with a copy of what it was, and exchanged for it', async () => {
    const good = await rig.provenBackup()
    const before = await rig.content()
    await rig.run(
      "ALTER TABLE $db.email_events UPDATE error_code = 'spoilt' WHERE 1 SETTINGS mutations_sync = 1",
    )
    await rig.follow(procedure('docs/backup.md#restore-copy'), { [BACKUP]: good })
    expect(await rig.content(`${rig.database}_restored`)).toEqual(before)
    await rig.run(`DROP DATABASE ${rig.database}_restored SYNC`)

    const spoilt = await rig.content()
    await rig.follow(procedure('docs/backup.md#exchange-table'), { [BACKUP]: good })
    expect(await rig.content()).toEqual(before)
    expect(await rig.content(`${rig.database}_restored`)).toEqual(spoilt)
    for (let look = 0; look < 3; look += 1) await rig.cluster.hurry()
    await rig.untilReason('ArchiveReady', 'Archiving')
    await rig.untilReason('BackupReady', 'Scheduled')
  })
})

describe('a backup that a person asks for', () => {
  it.each([
    ['of the operator', procedure('docs/backup.md#backup-now'), /^orders-backup-[0-9a-f]{8}$/],
    ['without it', procedure('docs/backup.md#backup-by-hand'), /^by-hand$/],
  ])('%s is made and believed', async (_, commands, name) => {
    await typed(rig.cluster, commands)
    const job = await rig.cluster.eventually('a Job for a backup', async () => {
      const jobs = await rig.cluster.api.list('jobs', rig.cluster.namespace)
      return jobs.find(({ metadata }) => name.test(metadata.name))
    })
    expect(await runJob(rig.cluster, job)).toMatchObject({ job: 'backup', kind: 'full' })
    await rig.untilCheck('backup-fresh', 'Proven')
  })
})

describe('backups that vanish', () => {
  it('turn the checks, and another one is made at once', async () => {
    const base = await rig.provenBackup()
    await rig.backupNow('incremental')
    await rm(join(rig.s3.bucketDir, 'backups', base), { recursive: true })
    await rig.untilCheck('backup-fresh', 'Failing', new RegExp(`${base} is not at the destination`))
    await rig.untilCheck('restore-verified', 'Failing')
    await rig.cluster.eventually('a Job for another full backup', async () => {
      const jobs = await rig.cluster.api.list('jobs', rig.cluster.namespace)
      return jobs.find(({ metadata }) => /^orders-backup-[0-9a-f]{8}$/.test(metadata.name))
    })
    expect(await rig.runPart('retention')).toBe('suspended')
    await rig.backupNow()
    await rig.untilCheck('backup-fresh', 'Proven')
    expect(await rig.runPart('retention')).not.toBe('suspended')
  })

  it('turn the checks when all of them are gone', async () => {
    await rig.provenBackup()
    await rm(join(rig.s3.bucketDir, 'backups'), { recursive: true })
    await rig.untilCheck('backup-fresh', 'Failing', /not at the destination/)
    await rig.untilCheck('restore-verified', 'Failing', /no backup is at the destination/)
  })

  it('say nothing while the destination is away', async () => {
    await rig.provenBackup()
    await rig.s3.kill()
    try {
      for (let look = 0; look < 3; look += 1) await rig.cluster.hurry()
      const { checks } = await rig.cluster.status()
      expect(checks?.find(({ name }) => name === 'backup-fresh')?.message).not.toMatch(
        /not at the destination/,
      )
    } finally {
      await rig.s3.start()
    }
  })
})

describe('an older backup', () => {
  it('is restored in its turn, fails when it is damaged, and passes when it is mended', async () => {
    const older = await rig.provenBackup()
    await rig.fill(10, 10)
    await rig.backupNow()
    const [data] = (await rig.s3.objects(`backups/${older}/data/${rig.database}/email_events/`)).filter(
      (key) => key.endsWith('data.bin'),
    )
    const victim = join(rig.s3.bucketDir, data ?? '')
    const sound = await readFile(victim)
    const broken = Buffer.from(sound)
    broken.writeUInt8(broken.readUInt8(broken.length >> 1) ^ 0xff, broken.length >> 1)
    await writeFile(victim, broken)
    expect(await rig.runPart('verify')).toMatchObject({ job: 'verify', rows: 3_010 })
    await rig.untilCheck('restore-verified', 'Failing', new RegExp(`${older} cannot be restored`))
    await rig.untilCheck('backup-fresh', 'Proven')
    await writeFile(victim, sound)
    await rig.runPart('verify')
    await rig.untilCheck('restore-verified', 'Proven', /3010 rows/)
  })

  it('of which an object is missing is found in its turn', async () => {
    const older = await rig.provenBackup()
    await rig.backupNow()
    const [data] = (await rig.s3.objects(`backups/${older}/data/${rig.database}/email_events/`)).filter(
      (key) => key.endsWith('data.bin'),
    )
    await rename(join(rig.s3.bucketDir, data ?? ''), join(rig.s3.bucketDir, 'aside'))
    await rig.runPart('verify')
    await rig.untilCheck(
      'restore-verified',
      'Failing',
      new RegExp(`${older} cannot be restored.*does not exist`),
    )
  })
})
