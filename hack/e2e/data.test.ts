/**
 * Archive and backups with real pods, and a real S3 server. ClickHouse is a stand-in: its engine behind an HTTP front,
 * without users of its own and without TLS.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionOf } from '../demo/readiness.ts'
import { DATABASE, DataSite } from './dataSite.ts'
import { expectContract, NAME, type Environment } from './environment.ts'
import { eventually } from './eventually.ts'

const LIMIT_MS = 180_000
/** A third of the limit, as backupFresh.ts grants it for the backup itself. */
const GRACE_MS = 60_000
/** A check is looked at every half a minute at least. */
const PROMPT_MS = 30_000
const RULE = "event_date + toIntervalDay(90) TO DISK 's3'"

let site: DataSite
let here: Environment

beforeAll(async () => {
  const backup = { incrementalSchedule: '* * * * *', retention: { fullBackups: 2 } }
  site = await DataSite.open('e2e-data', backup, { objectives: { rpo: '3m' } })
  here = site.here
})
afterAll(async () => {
  await site.close()
})

/** Every value of every Secret in the namespace that must never be told, and the token that requests are made with. */
async function canaries(): Promise<readonly string[]> {
  const { items } = JSON.parse(await here.kubectl('get', 'secrets', '-o', 'json')) as {
    items: { data?: Record<string, string> }[]
  }
  const told = ['tls.crt', 'ca.crt', 'username']
  const values = items
    .flatMap(({ data = {} }) => Object.entries(data))
    .filter(([key]) => !told.some((one) => key.endsWith(one)))
    .map(([, value]) => Buffer.from(value, 'base64').toString())
  return [...new Set([...values, (await here.endpoints()).apiToken])]
}

async function untilCheck(name: string, state: string, deadlineMs = 120_000) {
  return eventually(
    `${name} ${state}`,
    async () => {
      const found = await here.check(name)
      return found?.state === state ? found : undefined
    },
    deadlineMs,
    500,
  )
}

describe('the archive in a cluster', () => {
  it('moves due partitions to the bucket and changes no row', async () => {
    await site.untilTables()
    await site.fill(3_000)
    const before = await site.content()
    await eventually('cold parts in the status', async () => {
      await site.hurry()
      const table = (await here.sender()).status.evidence?.archive?.find(
        ({ name }) => name === 'email_events',
      )
      return table && table.partsCold >= 6 && table.partsDue === 0 ? true : undefined
    })
    await untilCheck('archive-flowing', 'Proven')
    expect((await site.objects('cold/')).length).toBeGreaterThan(10)
    expect(await site.content()).toEqual(before)
  })

  it('puts a rule back that was altered by hand, and says why', async () => {
    await site.run(`ALTER TABLE ${DATABASE}.email_events MODIFY TTL event_date + INTERVAL 9 DAY TO DISK 's3'`)
    const alteredAt = performance.now()
    await site.hurry()
    await eventually('the rule is back', async () =>
      (await site.engine()).includes(RULE) ? true : undefined,
    )
    console.log(`rule back ${Math.round(performance.now() - alteredAt)} ms after it was altered`)
    await eventually('an Event names what it was', async () => {
      const events = await here.kubectl('get', 'events', '--field-selector', 'reason=TTLDrift', '-o', 'json')
      return events.includes('toIntervalDay(9)') ? true : undefined
    })
  })
})

describe('an edit of what is kept', () => {
  it.each([
    { what: 'the archive', spec: { clickhouse: { archive: { afterDays: 91 } } } },
    { what: 'the archive, back', spec: { clickhouse: { archive: { afterDays: 90 } } } },
    { what: 'the verification', spec: { clickhouse: { backup: { verify: { schedule: '30 4 * * *' } } } } },
  ])('is Ready again within a minute: $what', async ({ spec }) => {
    await here.kubectl('patch', 'bs', NAME, '--type=merge', '-p', JSON.stringify({ spec }))
    await here.kubectl('wait', '--for=condition=Ready', `batchsender/${NAME}`, '--timeout=60s')
  })
})

describe('backups in a cluster', () => {
  it('are made by the CronJob’s pods, and one can be restored and is equal', async () => {
    await site.untilCounted()
    expect(await site.runNow('backup-full', 'by-hand')).toBe('Complete')
    const evidence = await eventually('the backup is in the status', async () => {
      await site.hurry()
      const backup = (await here.sender()).status.evidence?.backup
      // An increment that found nothing to build on is a full one, too.
      return backup?.lastFull && backup.lastFull.rows > 2_999 ? backup : undefined
    })
    const name = evidence.lastFull?.name ?? ''
    expect(await site.objects(`backups/${name}/.backup`)).toHaveLength(1)
    const before = await site.content()
    await site.run(`RESTORE DATABASE ${DATABASE} AS restored FROM S3(backup_s3, '${name}')`)
    expect(await site.content('restored')).toEqual(before)
    await site.run('DROP DATABASE restored SYNC')
    expect(conditionOf(await here.sender(), 'BackupReady')).toMatchObject({
      status: 'True',
      reason: 'Scheduled',
    })
  })

  it('are made on demand, once for each request', async () => {
    const before = (await here.sender()).status.evidence?.backup?.lastFull?.name
    await here.kubectl('annotate', '--overwrite', 'bs', NAME, 'batchsender.io/backupRequestedAt=now-1')
    await eventually('another full backup', async () => {
      const status = (await here.sender()).status
      return status.evidence?.backup?.lastFull?.name !== before && status.lastHandledBackupRequest === 'now-1'
        ? true
        : undefined
    })
  })

  it('are fresh while increments are made every minute', async () => {
    const proof = await untilCheck('backup-fresh', 'Proven', 180_000)
    expect(proof.message).toMatch(/^backup of 2\d{3}-.*Z, limit 3m and 60 s to make the next one$/)
  })

  it('are verified by a restore, until a byte is flipped', async () => {
    expect(await site.runNow('backup-verify', 'verify-good')).toBe('Complete')
    const proof = await untilCheck('restore-verified', 'Proven')
    expect(proof.message).toContain('partitions equal')
    const source = await site.content()

    // An increment that was begun before the last full backup ended builds on the one before it: spoil them all.
    for (const full of await site.fullBackups()) await site.flipByte(full)
    expect(await site.runNow('backup-verify', 'verify-bad')).toBe('Failed')
    const failing = await untilCheck('restore-verified', 'Failing')
    // By what the Job said, or by what the server has noted of the restore: whichever is seen first.
    expect(failing.message).toMatch(/-full-[0-9a-f]{8}(: | cannot be restored: ).+/)
    expect(await site.content()).toEqual(source)
  })

  it('turn the check when they stop, at its limit, and back when they are made again', async () => {
    // After what was spoiled before a new full backup is made.
    await untilCheck('backup-fresh', 'Proven', 240_000)
    await here.kubectl('scale', 'deployment/s3', '--replicas=0')
    let last = NaN
    const failing = await eventually(
      'backup-fresh Failing',
      async () => {
        const found = await here.check('backup-fresh')
        if (found?.state === 'Failing') return found
        const [, at] = /^backup of (\S+Z),/.exec(found?.message ?? '') ?? []
        if (at !== undefined) last = Date.parse(at)
        return undefined
      },
      400_000,
      500,
    )
    const lateMs = Date.now() - last - LIMIT_MS
    expect(failing.message).toContain('limit 3m')
    console.log(`backup-fresh fails ${Math.round(lateMs / 1000)} s after the limit`)
    // What follows needs S3, whatever this finds.
    await here.kubectl('scale', 'deployment/s3', '--replicas=1')
    expect(lateMs).toBeGreaterThanOrEqual(GRACE_MS)
    expect(lateMs).toBeLessThan(GRACE_MS + PROMPT_MS)
    await untilCheck('backup-fresh', 'Proven', 240_000)
  }, 700_000)

  it('old ones are removed by pods that may speak to S3 alone', async () => {
    expect(await site.runNow('backup-full', 'second')).toBe('Complete')
    expect(await site.runNow('backup-full', 'third')).toBe('Complete')
    const newest = (await site.fullBackups()).toSorted().slice(-2)
    const { kept, verified } = await eventually('the newest is the one to keep', async () => {
      await site.hurry()
      const backup = (await here.sender()).status.evidence?.backup
      return backup?.kept?.name === newest.at(-1) ? backup : undefined
    })
    await eventually('retention knows', async () => {
      const cronJob = await here.kubectl('get', 'cronjob', `${NAME}-backup-retention`, '-o', 'json')
      return cronJob.includes(kept?.name ?? 'none') ? true : undefined
    })
    expect(await site.runNow('backup-retention', 'clean')).toBe('Complete')
    // The chain that was restored last stays, too.
    const chain = verified?.name.split('-on-').at(-1) ?? ''
    expect(new Set(await site.fullBackups())).toEqual(new Set([...newest, chain].filter(Boolean)))
  })

  it.each(['backup-full', 'backup-incremental', 'backup-verify', 'backup-retention'])(
    'brings CronJob %s back when it is deleted',
    async (part) => {
      const name = `${NAME}-${part}`
      const before = await here.get('cronjob', name)
      await here.kubectl('delete', 'cronjob', name)
      const goneAt = performance.now()
      await eventually(`${name} is back`, async () => {
        const now = await here.get('cronjob', name)
        return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
      })
      console.log(`${name}: back ${Math.round(performance.now() - goneAt)} ms after it was deleted`)
    },
  )

  it('has its CronJob put back when it is edited', async () => {
    const name = `${NAME}-backup-full`
    const schedule = () => here.kubectl('get', 'cronjob', name, '-o', 'jsonpath={.spec.schedule}')
    const before = await schedule()
    await here.kubectl('patch', 'cronjob', name, '--type=merge', '-p', '{"spec":{"schedule":"1 1 1 1 *"}}')
    const editedAt = performance.now()
    await eventually('the schedule is back', async () => ((await schedule()) === before ? true : undefined))
    console.log(`${name}: put back ${Math.round(performance.now() - editedAt)} ms after the edit`)
  })

  it('has every NetworkPolicy brought back when it is deleted', async () => {
    const list = await here.kubectl('get', 'networkpolicies', '-o', 'jsonpath={.items[*].metadata.name}')
    const names = list.split(' ').filter((name) => name.startsWith(`${NAME}-`))
    for (const part of ['default-deny', 'dns', 'migration', 'backup', 'retention'])
      expect(names).toContain(`${NAME}-${part}`)
    for (const name of names) {
      const before = await here.get('networkpolicy', name)
      await here.kubectl('delete', 'networkpolicy', name)
      const goneAt = performance.now()
      await eventually(`${name} is back`, async () => {
        const now = await here.get('networkpolicy', name)
        return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
      })
      console.log(`${name}: back ${Math.round(performance.now() - goneAt)} ms after it was deleted`)
    }
  })

  it('tell no secret in logs, events, statuses, pods, statements or manifests', async () => {
    const manifests = await Promise.all(
      (await site.objects('backups/'))
        .filter((key) => key.endsWith('/.backup'))
        .map(async (key) => (await site.read(key)).body.toString()),
    )
    const pods = (await here.kubectl('get', 'pods', '-o', 'name')).trim().split('\n')
    const log = (pod: string, ...more: string[]) =>
      here.kubectl('logs', pod, '--tail=-1', ...more).catch(() => '')
    const logs = await Promise.all(pods.flatMap((pod) => [log(pod), log(pod, '--previous')]))
    const objectsTold = await here.kubectl(
      'get',
      'bs,events,pods,jobs,cronjobs,configmaps,deployments,statefulsets,services,networkpolicies,poddisruptionbudgets',
      '-o',
      'json',
    )
    const operator = await here.operatorLog()
    const told = [...manifests, ...logs, objectsTold, operator].join('\n')
    expect(manifests.length).toBeGreaterThan(1)
    expect(told).toContain('statement: BACKUP DATABASE')
    const secrets = await canaries()
    expect(secrets.length).toBeGreaterThan(8)
    for (const canary of secrets) {
      expect(canary.length).toBeGreaterThan(7)
      expect(told).not.toContain(canary)
      expect(told).not.toContain(Buffer.from(canary).toString('base64'))
    }
  })

  it('kept the contract in every status that was seen', () => {
    expectContract(here.statuses)
  })
})
