/**
 * What a holder of the role `edit` can try in a namespace: he reads its Secrets, makes Jobs and pods with any label and owner,
 * and so may write wherever a role of ClickHouse or the keys of the bucket let him. No check may become Proven by it.
 */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { backupName } from '../../crds/backupName.ts'
import { BackupRig } from './backupRig.ts'
import { ROOT } from './harness.ts'

vi.setConfig({ testTimeout: 400_000 })

let rig: BackupRig
beforeAll(async () => {
  rig = await BackupRig.start()
})
afterAll(() => rig.stop())
beforeEach(() => rig.newSender())

const FIGURES = { rows: 1, partitions: 1, hash: '0123456789abcdef' }
const IN_2099 = '2099-01-01T00:00:00Z'

const ago = (minutes: number) => `${new Date(Date.now() - minutes * 60_000).toISOString().slice(0, 19)}Z`
const nameOf = (instant: string) => backupName(new Date(instant), 'deadbeef')

/** A Job with our labels that ended well, and a pod of it that left this report. */
async function forgeJob(
  component: string,
  owner: { kind: string; name: string; uid: string },
  report: object,
) {
  const { cluster } = rig
  const labels = {
    'app.kubernetes.io/managed-by': 'batchsender-operator',
    'app.kubernetes.io/instance': 'orders',
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/part-of': 'batchsender',
  }
  const controller = { controller: true, blockOwnerDeletion: false }
  const apiVersion = owner.kind === 'CronJob' ? 'batch/v1' : 'batchsender.io/v1alpha1'
  const container = { name: component, image: 'any' }
  const spec = { restartPolicy: 'Never', containers: [container] }
  await cluster.apply({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'forged', labels, ownerReferences: [{ ...owner, ...controller, apiVersion }] },
    spec: { template: { metadata: { labels }, spec } },
  })
  const job = await cluster.eventually('the Job', () => cluster.get('job', 'forged'))
  const of = { apiVersion: 'batch/v1', kind: 'Job', name: 'forged', uid: job.metadata.uid ?? '' }
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'forged', labels, ownerReferences: [{ ...of, ...controller }] },
    spec,
  })
  const terminated = { exitCode: 0, message: JSON.stringify(report), startedAt: ago(1), finishedAt: ago(1) }
  const { namespace } = cluster
  await cluster.api.patch(
    { kind: 'pod', namespace, name: 'forged', subresource: 'status' },
    {
      status: {
        phase: 'Succeeded',
        containerStatuses: [
          {
            name: component,
            image: 'any',
            imageID: 'any',
            ready: false,
            restartCount: 0,
            state: { terminated },
          },
        ],
      },
    },
  )
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: ago(1),
  }))
  await cluster.api.patch(
    { kind: 'job', namespace, name: 'forged', subresource: 'status' },
    { status: { startTime: ago(1), completionTime: ago(1), succeeded: 1, conditions } },
  )
}

async function uidOf(kind: string, name: string): Promise<string> {
  return (await rig.cluster.get(kind, name))?.metadata.uid ?? ''
}

const list = (name: string, cutoff: string, completedAt: string) =>
  rig.run(`INSERT INTO $db.backup_log (backup, kind, base, cutoff, completed_at, size_bytes)
    VALUES ('${name}', 'full', '', parseDateTimeBestEffort('${cutoff}'), parseDateTimeBestEffort('${completedAt}'), 1)`)

const passCheck = (name: string, checkedAt: string, rows = 1) =>
  rig.run(`INSERT INTO $db.backup_checks (backup, checked_at, rows, partitions, hash, error)
    VALUES ('${name}', parseDateTimeBestEffort('${checkedAt}'), ${rows}, 1, '${FIGURES.hash}', '')`)

async function neverProven(...checks: readonly string[]): Promise<void> {
  const seen = (await rig.cluster.status()).checks ?? []
  for (const name of checks)
    expect([name, seen.find((check) => check.name === name)?.state]).not.toEqual([name, 'Proven'])
}

describe('a forged report', () => {
  it.each([
    { of: 'the CronJob', owner: { kind: 'CronJob', name: 'orders-backup-full' }, at: IN_2099 },
    { of: 'the CronJob', owner: { kind: 'CronJob', name: 'orders-backup-full' }, at: ago(5) },
    { of: 'the BatchSender', owner: { kind: 'BatchSender', name: 'orders' }, at: ago(5) },
  ])('of a backup at $at by a Job of $of is told and not believed', async ({ owner, at }) => {
    const uid = await uidOf(owner.kind.toLowerCase(), owner.name)
    const report = {
      job: 'backup',
      backup: nameOf(at),
      kind: 'full',
      cutoff: at,
      completedAt: at,
      sizeBytes: 1,
    }
    await forgeJob('backup', { ...owner, uid }, { ...report, ...FIGURES })
    await rig.untilRefused(/^Job forged$/)
    await neverProven('backup-fresh', 'restore-verified')
  })

  it('of a restore is told and not believed', async () => {
    await rig.fill(10, 2)
    const name = await rig.backupNow()
    await rig.untilCheck('backup-fresh', 'Proven')
    const uid = await uidOf('cronjob', 'orders-backup-verify')
    const report = { job: 'verify', backup: name, completedAt: ago(0), ...FIGURES }
    await forgeJob('verify', { kind: 'CronJob', name: 'orders-backup-verify', uid }, report)
    await rig.untilRefused(/^Job forged$/)
    await neverProven('restore-verified')
  })
})

describe('a forged entry in ClickHouse', () => {
  it('of a backup that is nowhere is not believed', async () => {
    await list(nameOf(ago(5)), ago(5), ago(5))
    await rig.untilCheck('backup-fresh', 'Failing', /not at the destination/)
  })

  it('of a backup that was copied at the destination is not believed', async () => {
    await rig.fill(10, 2)
    const real = await rig.backupNow()
    await rig.run(`DELETE FROM $db.backup_log WHERE backup = '${real}'`)
    const copy = nameOf(ago(5))
    const folder = join(rig.s3.bucketDir, 'backups')
    await cp(join(folder, real), join(folder, copy), { recursive: true })
    await list(copy, ago(5), ago(0))
    await rig.untilRefused(new RegExp(`^backup ${copy}$`))
    await neverProven('backup-fresh')
  })

  it('that makes an old backup young is not believed when its time has not come', async () => {
    const name = nameOf(ago(5))
    await list(name, IN_2099, IN_2099)
    await rig.untilRefused(new RegExp(`^backup ${name}$`))
    await neverProven('backup-fresh')
  })

  it('of a restore that never was is not believed', async () => {
    await rig.fill(10, 2)
    const name = await rig.backupNow()
    await passCheck(name, ago(0))
    await rig.untilCheck('backup-fresh', 'Proven')
    await neverProven('restore-verified')
  })

  it('of a restore after one that failed does not make up for it', async () => {
    const name = await rig.provenBackup()
    const data = (await rig.s3.objects(`backups/${name}/data/${rig.database}/email_events/`)).find((key) =>
      key.endsWith('data.bin'),
    )
    const victim = join(rig.s3.bucketDir, data ?? '')
    const broken = await readFile(victim)
    broken.writeUInt8(broken.readUInt8(broken.length >> 1) ^ 0xff, broken.length >> 1)
    await writeFile(victim, broken)
    await rig.runPart('verify')
    await rig.untilCheck('restore-verified', 'Failing', /cannot be restored/)
    await passCheck(name, ago(-0.01), 3_000)
    await rig.untilCheck('restore-verified', 'Failing', /no record/)
  })
})

describe('a failure', () => {
  it('does not go away with the Job that told of it', async () => {
    const name = await rig.provenBackup()
    const manifest = join(rig.s3.bucketDir, 'backups', name, '.backup')
    await writeFile(manifest, '<config></config>')
    await rig.runPart('verify')
    await rig.untilCheck('restore-verified', 'Failing')
    await rig.cluster.inNamespace(['delete', 'jobs', '--all', '--wait=true'])
    await rig.cluster.hurry()
    await rig.untilCheck('restore-verified', 'Failing', new RegExp(`${name} cannot be restored`))
  })

  it('cannot be written away: the role does not reach the status', async () => {
    const roles = await readFile(join(ROOT, 'config/rbac/common/users.yaml'), 'utf8')
    const [edit = ''] = roles.split('---').filter((text) => text.includes('name: batchsender-edit'))
    expect(edit).toContain('batchsenders')
    expect(edit).not.toContain('/status')
  })
})
