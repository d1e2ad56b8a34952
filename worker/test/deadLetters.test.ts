/** A stretch of a batch that cannot be handled: a trigger of the test's makes PostgreSQL refuse its claims. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { atTheSink, isFinished, startRig, TOKEN } from './rig.ts'
import { logged, until } from './until.ts'
import { typed } from './terminal.ts'

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker({}, { DEAD_AFTER: '2' })
  await rig.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'a secret of the database' USING ERRCODE = '22P02'; END $$`)
})
afterAll(() => rig.stop())

const poison = () =>
  rig.sql(`CREATE TRIGGER poison BEFORE UPDATE ON recipient FOR EACH ROW
    WHEN (NEW.address LIKE 'poison%' AND NEW.seq < 200) EXECUTE FUNCTION refuse()`)

const letters = async () =>
  (await (await worker.get('/v1/dead-letters')).json()) as { items: { id: string; batchId: string }[] }

const replay = (id: string) =>
  fetch(`${worker.api}/v1/dead-letters/${id}/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
  })

test('what fails again and again is put aside, told and replayed, and nobody gets two mails', async () => {
  await poison()
  const id = await worker.accept(300, 'poison')
  const { items } = await until(letters, ({ items: some }) => some.length === 1, worker.log)
  expect(items).toEqual([
    {
      id: `${id}.0`,
      batchId: id,
      recipients: 200,
      failures: 2,
      failure: '22P02',
      deadAt: expect.any(String) as string,
    },
  ])
  const held = await until(
    () => worker.batch(id),
    ({ counts }) => counts.sent === 100,
    worker.log,
  )
  expect(held.state).toBe('running')
  await until(
    async () => (await fetch(`${worker.internal}/metrics`)).text(),
    (text) => /^batchsender_dead_letters 1$/m.test(text),
  )
  await logged(worker, 'replay the dead letter')

  await rig.sql('DROP TRIGGER poison ON recipient')
  const told = await typed(worker, procedure('docs/http.md#list-dead-letters'))
  expect(told).toContain(`"${id}.0"`)
  await typed(worker, procedure('docs/http.md#replay-dead-letter'), { DEAD_LETTER: `${id}.0` })
  const batch = await until(() => worker.batch(id), isFinished, worker.log)
  expect(batch).toMatchObject({ state: 'completed', counts: { sent: 300 } })
  expect(await atTheSink(rig.sink)).toMatchObject({ duplicates: 0 })
  expect((await letters()).items).toEqual([])
  const audit = (await (await worker.get('/v1/audit?action=dead-letter.replayed')).json()) as {
    items: object[]
  }
  expect(audit.items).toMatchObject([{ resource: `/v1/dead-letters/${id}.0` }])
})

test('there is nothing to replay where nothing is dead, or where the batch was cancelled', async () => {
  await poison()
  const id = await worker.accept(10, 'poison')
  await until(letters, ({ items }) => items.length === 1, worker.log)
  await rig.sql('DROP TRIGGER poison ON recipient')
  await worker.command(id, 'cancel')
  expect((await letters()).items).toEqual([])
  for (const unknown of [`${id}.0`, `${id}.7`, 'nonsense']) expect((await replay(unknown)).status).toBe(404)
})
