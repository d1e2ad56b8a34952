/** How a history ends: nothing is refused any more, and everybody comes to an end that is right. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AttemptRow } from './snapshot.ts'
import type { ApiBatch, World } from './world.ts'
import { Fault } from './crew.ts'
import { BY_HAND, isDoubt } from './invariants.ts'
import { SLOWLY } from './refusals.ts'
import { attemptOf, keyOf } from './snapshot.ts'

const PATIENCE_MS = 150_000

export async function endOf(world: World): Promise<void> {
  const { ids, history } = world
  const numbers = [...ids.keys()]
  world.crew.releaseAll()
  await world.behave([SLOWLY])
  await atRest(world, history.goesOn ? 'resume' : 'cancel')
  await retried(world, numbers, {})
  await retried(world, numbers, { force: true })
  expectEnds(world)
  await counted(world)
  for (const number of numbers) await world.resolve(number, number % 2 === 0 ? 'sent' : 'failed')
  await checked(world)
  const doubts = world.last.recipients.filter(({ state }) => state === 'uncertain')
  if (doubts.length > 0) throw new Fault(`in doubt after everybody was resolved: ${JSON.stringify(doubts)}`)
}

async function retried(world: World, numbers: readonly number[], body: object): Promise<void> {
  for (const number of numbers) {
    const { state } = await world.batch(number)
    const { status } = await world.command(number, 'retry-failed', body)
    if ((status === 200) !== (state !== 'cancelled'))
      throw new Fault(`${state}: retry-failed is answered ${status}`)
  }
  await atRest(world, 'resume')
}

/** Until every batch has ended; time goes faster for those that wait to be tried again. */
async function atRest(world: World, paused: 'resume' | 'cancel'): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (let looks = 0; ; looks += 1) {
    const batches: ApiBatch[] = []
    for (const number of world.ids.keys()) {
      const batch = await world.batch(number)
      batches.push(batch)
      if (batch.state === 'paused') await world.command(number, paused)
    }
    await checked(world)
    if (batches.every(({ finishedAt }) => finishedAt !== undefined)) return
    if (Date.now() > deadline) throw new Fault(`no end: ${JSON.stringify(batches)}\n${await chunksOf(world)}`)
    await passTime(world)
    await sleep(Math.min(1_000, 200 + looks * 100))
  }
}

/** What is due later is due now: a refusal that is waited out for an hour is no other than one of seconds. */
async function passTime(world: World): Promise<void> {
  await world.rig.sql(
    `WITH waiting AS (
       UPDATE recipient SET due_at = now() WHERE batch_id = ANY($1) AND state = 'deferred' AND due_at > now()
       RETURNING batch_id, seq)
     UPDATE chunk SET due_at = now() FROM waiting
     WHERE chunk.batch_id = waiting.batch_id AND seq BETWEEN first_seq AND last_seq AND NOT done
       AND chunk.due_at > now() AND chunk.due_at <> 'infinity' AND published_at IS NULL`,
    [world.ids],
  )
}

const chunksOf = async (world: World): Promise<string> =>
  JSON.stringify(
    await world.rig.sql('SELECT * FROM chunk WHERE batch_id = ANY($1) AND NOT done', [world.ids]),
  )

async function checked(world: World): Promise<void> {
  const faults = await world.faults()
  if (faults.length > 0) throw new Fault(`${faults.length} faults:\n${faults.slice(0, 5).join('\n')}`)
}

/** Who is left failed after `force` is one whom a mail may have reached: a doubt that no answer ended, or a person did. */
function expectEnds(world: World): void {
  const { batches, recipients, attempts } = world.last
  const answered = new Set(attempts.filter(isAnswer).map(attemptOf))
  const reached = new Set(
    attempts
      .filter((one) => one.outcome === 'accepted' || (isDoubt(one) && !answered.has(attemptOf(one))))
      .map(keyOf),
  )
  const cancelled = new Set(batches.filter(({ state }) => state === 'cancelled').map(({ id }) => id))
  const wrong = recipients.filter(
    (one) => one.state === 'failed' && !cancelled.has(one.batch_id) && !reached.has(keyOf(one)),
  )
  if (wrong.length === 0) return
  const own = attempts.filter((one) => wrong.slice(0, 2).some((each) => keyOf(each) === keyOf(one)))
  throw new Fault(`failed for good: ${JSON.stringify(wrong.slice(0, 5))} ${JSON.stringify(own)}`)
}

const isAnswer = (one: AttemptRow): boolean => !isDoubt(one) && one.error_code !== BY_HAND

/** At rest the API counts what the rows are. */
async function counted(world: World): Promise<void> {
  const byBatch = Map.groupBy(world.last.recipients, ({ batch_id: id }) => id)
  for (const number of world.ids.keys()) {
    const { id, counts, recipients } = await world.batch(number)
    const rows = byBatch.get(id) ?? []
    const sum = Object.values(counts).reduce((total, count) => total + count, 0)
    const isRight = Object.entries(counts).every(
      ([state, count]) => rows.filter((row) => row.state === state).length === count,
    )
    if (!isRight || sum !== recipients) throw new Fault(`counts are wrong: ${JSON.stringify(counts)}`)
  }
}
