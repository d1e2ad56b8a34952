/** Backups, broken in the bucket, in ClickHouse and in the cluster. */
import { group, type Break, type Telling } from './break.ts'
import { DATABASE, DataSite, type StoredObject } from '../dataSite.ts'
import { patched, respec } from './hands.ts'
import { NAME } from '../environment.ts'
import { eventually } from '../eventually.ts'
import { newestData, newestFull, untilIncremented } from './newestBackup.ts'

/** Twice what docs/backup.md promises: the operator looks twice a minute, and tells within one. */
const LOOK_SECONDS = 120
/** A verification begins every minute here; it and the look after it have a minute each. */
const VERIFY_SECONDS = 240
/** A backup is made at once, by a pod. */
const BACKUP_SECONDS = 240

const FRESH: Telling = { at: 'backup-fresh', is: 'Proven', withinSeconds: BACKUP_SECONDS }
const VERIFIED: Telling = { at: 'restore-verified', is: 'Proven', withinSeconds: VERIFY_SECONDS }
const SCHEDULED: Telling = { at: 'BackupReady', is: 'True', says: /^Scheduled/, withinSeconds: LOOK_SECONDS }

interface BackupSite extends DataSite {
  /** What was taken away or altered, to be put back. */
  readonly before: StoredObject[]
}

const putBack = async (site: BackupSite) => {
  for (const object of site.before.splice(0)) await site.write(object)
}

const cronJob = (part: string) => `${NAME}-backup-${part}`

async function isSuspended({ here }: DataSite, part: string): Promise<boolean> {
  return (
    (await here.kubectl('get', 'cronjob', cronJob(part), '-o', 'jsonpath={.spec.suspend}')).trim() === 'true'
  )
}

/** What could mend it stays. */
async function retentionIsHeld(site: DataSite): Promise<void> {
  await eventually('retention is suspended', async () =>
    (await isSuspended(site, 'retention')) ? true : undefined,
  )
}

async function hasRows(site: DataSite, from: string): Promise<boolean> {
  const [row] = await site.rows<{ count: string }>(
    `SELECT toString(count()) AS count FROM ${DATABASE}.${from}`,
  )
  return row !== undefined && row.count !== '0'
}

async function scale({ here }: DataSite, name: string, replicas: number): Promise<void> {
  await here.kubectl('scale', `deployment/${name}`, `--replicas=${replicas}`)
  if (replicas > 0) await here.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s')
}

const breaks: readonly Break<BackupSite>[] = [
  {
    how: 'the CronJob of the increments suspended by hand',
    breakIt: ({ here }) => patched(here, 'cronjob', cronJob('incremental'), { spec: { suspend: true } }),
    mended: async (site) => !(await isSuspended(site, 'incremental')),
    steady: ['Ready'],
    green: FRESH,
  },
  {
    how: 'the manifest of the newest full backup removed',
    breakIt: async (site) => {
      site.before.push(await site.remove(`backups/${await newestFull(site)}/.backup`))
    },
    red: {
      at: 'backup-fresh',
      is: 'Failing',
      says: /-full-\w{8} is not at the destination any more/,
      withinSeconds: LOOK_SECONDS,
    },
    whileRed: retentionIsHeld,
    mend: putBack,
    green: FRESH,
  },
  {
    how: 'the base of the newest increments removed',
    breakIt: async (site) => {
      const base = await untilIncremented(site)
      for (const key of await site.objects(`backups/${base}/`)) await site.remove(key)
    },
    red: {
      at: 'backup-fresh',
      is: 'Failing',
      says: /-full-\w{8} is not at the destination any more: another full backup is made/,
      withinSeconds: LOOK_SECONDS,
    },
    green: FRESH,
  },
  {
    how: 'the bucket emptied',
    breakIt: async (site) => {
      await untilIncremented(site)
      for (const key of await site.objects('backups/')) await site.remove(key)
    },
    red: {
      at: 'backup-fresh',
      is: 'Failing',
      says: /not at the destination any more/,
      withinSeconds: LOOK_SECONDS,
    },
    green: FRESH,
  },
  {
    // What is at the destination can be restored all the same, and the next increment finds nothing to build on.
    how: 'the list in backup_log emptied: another full backup is made',
    breakIt: (site) => site.run(`TRUNCATE TABLE ${DATABASE}.backup_log`),
    mended: (site) => hasRows(site, "backup_log WHERE kind = 'full'"),
    steady: ['backup-fresh'],
    green: FRESH,
  },
  {
    how: 'an objective that the schedules cannot meet',
    breakIt: ({ here }) => respec(here, { objectives: { rpo: '30s' } }),
    red: {
      at: 'backup-fresh',
      is: 'Failing',
      says: /the schedules leave up to 1 minutes between backups, spec\.objectives\.rpo is 30s/,
      withinSeconds: LOOK_SECONDS,
    },
    mend: ({ here }) => respec(here, { objectives: { rpo: '3m' } }),
    steady: ['BackupReady'],
    green: FRESH,
  },
  {
    how: 'the bucket read-only',
    breakIt: ({ here }) => here.onVolume('s3', 'chmod -R a-w .'),
    red: { at: 'BackupReady', is: 'False', says: /^BackupFailed: /, withinSeconds: BACKUP_SECONDS },
    mend: ({ here }) => here.onVolume('s3', 'chmod -R u+w .'),
    green: SCHEDULED,
  },
  {
    how: 'S3 away',
    breakIt: (site) => scale(site, 's3', 0),
    red: { at: 'BackupReady', is: 'False', says: /^BackupFailed: /, withinSeconds: BACKUP_SECONDS },
    mend: (site) => scale(site, 's3', 1),
    green: SCHEDULED,
  },
  {
    how: 'ClickHouse killed in the middle of a backup',
    breakIt: async ({ here }) => {
      await here.kubectl('create', 'job', 'killed', `--from=cronjob/${cronJob('full')}`)
      await eventually('the pod of the backup runs', async () => {
        const phase = ['-l', 'job-name=killed', '-o', 'jsonpath={.items[*].status.phase}']
        return (await here.kubectl('get', 'pods', ...phase)).includes('Running') ? true : undefined
      })
      const [pod = ''] = (await here.kubectl('get', 'pods', '-l', 'app=clickhouse', '-o', 'name')).split('\n')
      await here.killPod(pod.replace('pod/', ''))
    },
    mended: async (site) => (await site.ended('killed')) === 'Complete',
    green: FRESH,
  },
  {
    how: 'a byte of the newest full backup flipped',
    breakIt: async (site) => {
      const sound = await site.flipByte(await newestFull(site))
      if (sound) site.before.push(sound)
    },
    red: {
      at: 'restore-verified',
      is: 'Failing',
      says: /-full-\w{8}\b.* cannot be restored: .+|-full-\w{8}: .+/,
      withinSeconds: VERIFY_SECONDS,
    },
    whileRed: retentionIsHeld,
    mend: putBack,
    green: VERIFIED,
  },
  {
    how: 'an object of the newest full backup removed',
    breakIt: async (site) => {
      const { key } = await newestData(site)
      site.before.push(await site.remove(key))
    },
    red: {
      at: 'restore-verified',
      is: 'Failing',
      says: /does not exist|not found/i,
      withinSeconds: VERIFY_SECONDS,
    },
    mend: putBack,
    green: VERIFIED,
  },
  {
    how: 'two files of the newest full backup exchanged',
    breakIt: async (site) => {
      const one = await newestData(site)
      const others = await site.objects(`backups/${await newestFull(site)}/data/${DATABASE}/email_events/`)
      const key = others.findLast((other) => other.endsWith('data.bin') && other !== one.key)
      if (key === undefined) throw new Error('there is one part alone')
      const other = await site.read(key)
      site.before.push(one, other)
      await site.write({ key: one.key, body: other.body })
      await site.write({ key, body: one.body })
    },
    red: { at: 'restore-verified', is: 'Failing', withinSeconds: VERIFY_SECONDS },
    mend: putBack,
    green: VERIFIED,
  },
  {
    how: 'a file of the newest full backup cut to nothing',
    breakIt: async (site) => {
      const whole = await newestData(site)
      site.before.push(whole)
      await site.write({ key: whole.key, body: Buffer.alloc(0) })
    },
    red: { at: 'restore-verified', is: 'Failing', withinSeconds: VERIFY_SECONDS },
    mend: putBack,
    green: VERIFIED,
  },
  {
    how: 'what the restores found forgotten by ClickHouse: it is found again',
    breakIt: (site) => site.run(`TRUNCATE TABLE ${DATABASE}.backup_checks`),
    mended: (site) => hasRows(site, "backup_checks WHERE error = ''"),
    steady: ['restore-verified'],
    green: VERIFIED,
  },
]

export const backups = group<BackupSite>({
  name: 'backups',
  open: async () => {
    const backup = {
      incrementalSchedule: '* * * * *',
      retention: { fullBackups: 14 },
      verify: { schedule: '* * * * *' },
    }
    const site = await DataSite.open('brk-backups', backup, { objectives: { rpo: '3m' } })
    await site.untilTables()
    await site.fill(3_000)
    return Object.assign(site, { before: [] })
  },
  breaks,
})
