/**
 * Random histories of workers: killed, held up, cut off from their servers, refused, commanded. Whatever happened, what
 * is true of batches stays true. `make histories HISTORIES=200 SEED=1` runs so many, from that seed on; a failure names
 * its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { startSmtpSink } from '../../hack/servers/smtpSink.ts'
import { take } from './histories/actions.ts'
import { endOf } from './histories/end.ts'
import { deliverSoon } from './histories/nats.ts'
import { drawHistory } from './histories/steps.ts'
import { World } from './histories/world.ts'
import { startRig } from './rig.ts'

/** The first has late refusals of a sender, thrice. */
const ALWAYS = [5921, 1, 3]
const { HISTORIES, SEED = '1', SECONDS = '1000000' } = process.env
const seeds =
  HISTORIES === undefined
    ? ALWAYS
    : Array.from({ length: Number(HISTORIES) }, (_, index) => Number(SEED) + index)
/** After so many seconds no further one is begun. */
const deadline = Date.now() + Number(SECONDS) * 1_000

let rig: Rig
let dir: string
let workers: readonly WorkerProcess[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'batchsender-histories-'))
  rig = await startRig({ sink: await startSmtpSink(join(dir, 'messages')) })
  await deliverSoon(rig)
  // Connections for all that is under way, so that nothing but the servers decides when it is answered.
  const login = {
    smtpConnections: 50,
    smtpUsername: 'user',
    smtpPassword: 'password',
    rateLimitPerToken: 1_000_000,
  }
  workers = [await rig.worker({ ...login, workerName: 'a' }), await rig.worker({ ...login, workerName: 'b' })]
})
afterAll(async () => {
  await rig.stop()
  await rm(dir, { recursive: true, force: true })
})

/** As many as the history has, and none that remembers the one before. */
async function workersOf(count: number): Promise<readonly WorkerProcess[]> {
  await Promise.all(workers.map((worker) => worker.kill()))
  const own = workers.slice(0, count)
  await Promise.all(own.map((worker) => worker.start()))
  return own
}

test.each(seeds)(
  'history %i keeps what is true of batches',
  async (seed) => {
    if (Date.now() > deadline) return
    const history = drawHistory(seed)
    const world = new World(rig, history, await workersOf(history.workers))
    try {
      for (const step of history.steps) {
        world.said.push(`${new Date().toISOString()} ${JSON.stringify(step).slice(0, 600)}`)
        await take(world, step)
        expect(await world.faults()).toEqual([])
      }
      await endOf(world)
      console.log(`${seed}: ${world.summary()}`)
    } catch (error) {
      console.error(`SEED=${seed} HISTORIES=1\n${world.log()}`)
      throw error
    } finally {
      world.crew.releaseAll()
    }
  },
  600_000,
)
