/** Rows and rules of ClickHouse, taken away. */
import { group, type Break, type Telling } from './break.ts'
import { DATABASE, DataSite } from '../dataSite.ts'
import { NAME } from '../environment.ts'
import { eventually } from '../eventually.ts'

/** Twice what docs/archive.md promises: a look every 30 seconds, and a loss is seen three times before it is told. */
const LOSS_SECONDS = 180
/** A rule is put back at the next look. */
const RULE_SECONDS = 90
const EVENTS = `${DATABASE}.email_events`
const COPY = `${DATABASE}_restored`
const RULE = "event_date + toIntervalDay(90) TO DISK 's3'"

const FLOWING: Telling = { at: 'archive-flowing', is: 'Proven', withinSeconds: LOSS_SECONDS }
const ARCHIVING: Telling = { at: 'ArchiveReady', is: 'True', says: /^Archiving/, withinSeconds: LOSS_SECONDS }

interface LossSite extends DataSite {
  /** The backup that has everything, and what is in it. */
  readonly good: { readonly name: string; readonly content: readonly object[] }
}

const lost = (says: RegExp, at = 'ArchiveReady'): Telling => ({
  at,
  is: at.endsWith('Ready') ? 'False' : 'Failing',
  says,
  withinSeconds: LOSS_SECONDS,
})

/** Three backups of what is left, and the retention of one: the good one is still there. */
async function goodOneStays(site: LossSite): Promise<void> {
  const { here, good } = site
  const seen = await here.sender()
  const stalled = seen.status.conditions?.find(({ type }) => type === 'Stalled')
  if (stalled?.reason !== 'DataLost') throw new Error(`Stalled says ${stalled?.reason ?? 'nothing'}`)
  await eventually('retention is suspended', async () => {
    const path = 'jsonpath={.spec.suspend}'
    const suspended = await here.kubectl('get', 'cronjob', `${NAME}-backup-retention`, '-o', path)
    return suspended.trim() === 'true' ? true : undefined
  })
  if ((await site.objects(`backups/${good.name}/.backup`)).length !== 1)
    throw new Error(`${good.name} is gone`)
}

async function isComplete(site: LossSite): Promise<boolean> {
  return JSON.stringify(await site.content()) === JSON.stringify(site.good.content)
}

const restoreCopy = async (site: LossSite) => {
  await site.run(`DROP DATABASE IF EXISTS ${COPY} SYNC`)
  await site.run(`RESTORE DATABASE ${DATABASE} AS ${COPY} FROM S3(backup_s3, '${site.good.name}')`)
}

/** By docs/backup.md: compare the copy, then exchange. */
const exchange = async (site: LossSite) => {
  await restoreCopy(site)
  await site.run(`EXCHANGE TABLES ${EVENTS} AND ${COPY}.email_events`)
  await site.run(`DROP DATABASE ${COPY} SYNC`)
}

const breaks: readonly Break<LossSite>[] = [
  {
    how: 'the rule altered by hand',
    breakIt: (site) => site.run(`ALTER TABLE ${EVENTS} MODIFY TTL event_date + INTERVAL 9 DAY TO DISK 's3'`),
    // Put back within one look; what takes longer is that old parts learn it.
    red: {
      at: 'ArchiveReady',
      is: 'False',
      says: /^(TTLDrift|NotMaterialized): /,
      withinSeconds: RULE_SECONDS,
    },
    mended: async (site) => (await site.engine()).includes(RULE),
    green: { ...FLOWING, withinSeconds: RULE_SECONDS },
  },
  {
    how: 'the rule removed by hand',
    breakIt: (site) => site.run(`ALTER TABLE ${EVENTS} REMOVE TTL`),
    mended: async (site) => (await site.engine()).includes(RULE),
    green: FLOWING,
  },
  {
    how: 'archived partitions moved back by hand',
    breakIt: async (site) => {
      const cold = await site.rows<{ id: string }>(
        `SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND database = '${DATABASE}' AND table = 'email_events' AND disk_name = 's3'`,
      )
      for (const { id } of cold)
        await site
          .run(`ALTER TABLE ${EVENTS} MOVE PARTITION ID '${id}' TO DISK 'default'`)
          .catch(() => undefined)
    },
    mended: async (site) => {
      const [row] = await site.rows<{ due: string }>(
        `SELECT toString(count()) AS due FROM system.parts WHERE active AND database = '${DATABASE}' AND table = 'email_events' AND disk_name = 'default' AND max_date < today() - 90`,
      )
      return row?.due === '0'
    },
    green: FLOWING,
  },
  {
    how: 'a rule that deletes added by hand',
    breakIt: (site) =>
      site.run(
        `ALTER TABLE ${EVENTS} MODIFY TTL event_date + INTERVAL 90 DAY TO DISK 's3', event_date + INTERVAL 900 DAY DELETE`,
      ),
    red: { at: 'ArchiveReady', is: 'False', says: /^ForeignRule: /, withinSeconds: RULE_SECONDS },
    mend: (site) => site.run(`ALTER TABLE ${EVENTS} MODIFY TTL event_date + INTERVAL 90 DAY TO DISK 's3'`),
    green: ARCHIVING,
  },
  {
    how: 'the table of events detached',
    breakIt: (site) => site.run(`DETACH TABLE ${EVENTS} SYNC`),
    red: lost(/^DataLost: email_events had 3000 rows in \d+ partitions .* and has 0 there/),
    whileRed: goodOneStays,
    mend: (site) => site.run(`ATTACH TABLE ${EVENTS}`),
    mended: isComplete,
    green: ARCHIVING,
  },
  {
    how: 'the table of events emptied',
    breakIt: (site) => site.run(`TRUNCATE TABLE ${EVENTS} SYNC`),
    red: lost(/email_events had 3000 rows .* and has 0 there/, 'archive-flowing'),
    whileRed: goodOneStays,
    mend: exchange,
    mended: isComplete,
    green: FLOWING,
  },
  {
    how: 'the table of events made anew, with its rules and no row',
    breakIt: async (site) => {
      await site.run(`CREATE TABLE ${EVENTS}_empty AS ${EVENTS}`)
      await site.run(`EXCHANGE TABLES ${EVENTS} AND ${EVENTS}_empty`)
    },
    red: lost(/email_events had 3000 rows .* and has 0 there/, 'archive-flowing'),
    whileRed: goodOneStays,
    mend: async (site) => {
      await site.run(`EXCHANGE TABLES ${EVENTS} AND ${EVENTS}_empty`)
      await site.run(`DROP TABLE ${EVENTS}_empty SYNC`)
    },
    mended: isComplete,
    green: FLOWING,
  },
  {
    how: 'rows deleted by hand',
    breakIt: (site) =>
      site.run(
        `ALTER TABLE ${EVENTS} DELETE WHERE cityHash64(recipient) % 3 = 0 SETTINGS mutations_sync = 2`,
      ),
    red: lost(/email_events had \d+ rows in .* and has \d+ there/, 'restore-verified'),
    whileRed: goodOneStays,
    mend: exchange,
    mended: isComplete,
    green: FLOWING,
  },
  {
    how: 'a partition dropped',
    breakIt: async (site) => {
      const [oldest] = await site.rows<{ id: string }>(
        `SELECT min(partition_id) AS id FROM system.parts WHERE active AND database = '${DATABASE}' AND table = 'email_events'`,
      )
      await site.run(`ALTER TABLE ${EVENTS} DROP PARTITION ID '${oldest?.id ?? ''}'`)
    },
    red: lost(/email_events had \d+ rows in its partition \d{6} and has 0 there/, 'backup-fresh'),
    whileRed: goodOneStays,
    mend: async (site) => {
      await restoreCopy(site)
      const [oldest] = await site.rows<{ id: string }>(
        `SELECT min(partition_id) AS id FROM system.parts WHERE active AND database = '${COPY}' AND table = 'email_events'`,
      )
      await site.run(
        `ALTER TABLE ${EVENTS} ATTACH PARTITION ID '${oldest?.id ?? ''}' FROM ${COPY}.email_events`,
      )
      await site.run(`DROP DATABASE ${COPY} SYNC`)
    },
    mended: isComplete,
    green: ARCHIVING,
  },
  {
    how: 'the database dropped',
    breakIt: (site) => site.run(`DROP DATABASE ${DATABASE} SYNC`),
    red: lost(/^DataLost: email_events had 3000 rows in \d+ partitions .* and has 0 there/, 'BackupReady'),
    whileRed: goodOneStays,
    mend: (site) => site.run(`RESTORE DATABASE ${DATABASE} FROM S3(backup_s3, '${site.good.name}')`),
    mended: isComplete,
    green: ARCHIVING,
  },
]

export const losses = group<LossSite>({
  name: 'losses',
  open: async () => {
    const site = await DataSite.open('brk-losses', { retention: { fullBackups: 1 } })
    await site.untilTables()
    await site.fill(3_000)
    await site.untilCounted()
    await site.runNow('backup-full', 'good')
    const name = (await site.fullBackups()).at(-1) ?? ''
    await site.runNow('backup-verify', 'verified')
    return Object.assign(site, { good: { name, content: await site.content() } })
  },
  breaks,
})
