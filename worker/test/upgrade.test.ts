/** Workers of the release before and of this one beside each other on one database, as a rolling update has them. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { previousCommit, sourcesOf, type Sources } from '../../hack/release/previous.ts'
import { atTheSink, isFinished, startRig, type Rig, type WorkerProcess } from './rig.ts'
import { until } from './until.ts'

const commit = await previousCommit()
if (commit === undefined)
  console.log('LEFT OUT  worker/test/upgrade.test.ts: Git has no release before this one (UPGRADE_FROM=…)')

const OURS = join(import.meta.dirname, '../src/main.ts')
const COUNT = 200

describe.skipIf(commit === undefined)('workers of two releases', () => {
  let previous: Sources
  let theirs: string
  let rig: Rig

  beforeAll(async () => {
    previous = await sourcesOf(commit ?? '')
    theirs = join(previous.root, 'worker/src/main.ts')
    rig = await startRig({ main: theirs })
  })
  afterAll(async () => {
    await rig.stop()
    await previous.remove()
  })

  const sent = async (worker: WorkerProcess, id: string) => {
    await until(() => worker.batch(id), isFinished)
    return (await worker.batch(id)).counts
  }
  const ready = (worker: WorkerProcess) =>
    until(
      async () => (await fetch(`${worker.internal}/readyz`)).status,
      (status) => status === 200,
    )

  it('work beside each other after the migration, and the older one alone again', async () => {
    const older = await rig.worker({ workerName: 'older' })
    const begun = await older.accept(COUNT, 'begun')
    rig.use(OURS)
    await rig.migrate()
    const newer = await rig.worker({ workerName: 'newer' })
    await Promise.all([ready(older), ready(newer)])
    const batches = await Promise.all([older.accept(COUNT, 'old'), newer.accept(COUNT, 'new')])
    for (const id of [begun, ...batches])
      for (const worker of [older, newer]) expect(await sent(worker, id)).toMatchObject({ sent: COUNT })

    await newer.terminate()
    const last = await older.accept(COUNT, 'last')
    expect(await sent(older, last)).toMatchObject({ sent: COUNT })
    // A pod of the release before that is started anew, on the newer schema: the way back.
    await older.terminate()
    rig.use(theirs)
    const again = await rig.worker({ workerName: 'older' })
    await ready(again)
    expect(await sent(again, await again.accept(COUNT, 'again'))).toMatchObject({ sent: COUNT })

    const { distinct, duplicates } = await atTheSink(rig.sink)
    expect([distinct.size, duplicates]).toEqual([5 * COUNT, 0])
  })
})
