/**
 * Somebody is on call for a BatchSender with real pods. Whatever they may be woken for is brought about; its condition or
 * check has to name the cause, Alertmanager has to call them with a runbook that exists, and both have to turn back once
 * it is mended. The rules are those that the operator wrote, with their spans of time divided by five.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import { group, type Group } from './breaks/break.ts'
import { runGroups, type GroupRun } from './breaks/run.ts'
import type { Fault } from './onCall/called.ts'
import { backupsStop, faults } from './onCall/faults.ts'
import { openOnCall, type OnCallSite } from './onCall/site.ts'
import { expectContract } from './environment.ts'

const PATIENCE_MS = 3_600_000
const DOCS = 'https://batchsender.io/docs/'

let opened: Promise<OnCallSite> | undefined
let inUse = 0

/** One site for both groups, closed when the second one is through. */
async function shared(): Promise<OnCallSite> {
  opened ??= openOnCall('e2e-on-call')
  const site = await opened
  inUse += 1
  return {
    ...site,
    close: async () => {
      inUse -= 1
      if (inUse === 0) await site.close()
    },
  }
}

/** `ALERTS=ProviderAway|ApiSlow`: these alone. */
const asked = (rows: readonly Fault[]) =>
  rows.filter(({ alert }) => new RegExp(process.env['ALERTS'] ?? '').test(alert))

const groups: readonly Group[] = [
  group({ name: 'mail, servers and workers', open: shared, breaks: asked(faults) }),
  group({ name: 'backups, meanwhile', open: shared, breaks: asked([backupsStop]) }),
].filter(({ breaks }) => breaks.length > 0)

let runs: ReadonlyMap<Group, GroupRun>

beforeAll(() => {
  runs = runGroups(groups, groups.length)
})
afterAll(async () => {
  await Promise.allSettled([...runs.values()].map((run) => run.statuses))
}, PATIENCE_MS)

describe.each(groups)('$name', (one) => {
  it.each(one.breaks as unknown as readonly Fault[])(
    '$alert: $how',
    async (row) => {
      const run = runs.get(one)
      const outcome = await [...(run?.outcomes ?? [])].find(([each]) => each.how === row.how)?.[1]
      expect(outcome?.redSeconds).toBeDefined()
      const runbook = (await opened)?.noted.get(`runbook of ${row.alert}`) ?? ''
      expect(runbook.startsWith(DOCS)).toBe(true)
      expect(existsSync(join(repositoryDir, 'docs', `${runbook.slice(DOCS.length)}.md`)), runbook).toBe(true)
      console.log(
        `${row.alert} | ${row.how} | red ${outcome?.redSeconds} s: ${outcome?.redWords} | green ${outcome?.greenSeconds} s`,
      )
    },
    PATIENCE_MS,
  )

  it(
    'kept the status contract in every status that was seen',
    async () => {
      expectContract((await runs.get(one)?.statuses) ?? [])
    },
    PATIENCE_MS,
  )
})
