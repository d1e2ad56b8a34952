/** pg-boss: lots of `insert`; workers fetch lots and go on at once while they are full. */
import { PgBoss } from 'pg-boss'
import { Pool } from 'pg'
import { accepted, conditions, jobs, openMail, type Job } from './mail.ts'

const QUEUE = 'mail'
const LANES = 4
const given = conditions()
const { run, count, postgresUrl: connectionString, connections } = given
const boss = new PgBoss({ connectionString, max: 10 })
boss.on('error', (error) => {
  console.error(error)
})
await boss.start()
await boss.createQueue(QUEUE)

if (process.argv[2] === 'enqueue') {
  for (const lot of jobs(count))
    await boss.insert(
      QUEUE,
      lot.map((data) => ({ data })),
    )
  await boss.stop({ graceful: false })
} else {
  const mail = openMail(given)
  const pool = new Pool({ connectionString, max: 10 })
  const options = {
    batchSize: Math.ceil(connections / LANES),
    localConcurrency: LANES,
    pollingIntervalSeconds: 0.5,
    burstWhenBatchFull: true,
  }
  await boss.work<Job>(QUEUE, options, async (batch) => {
    await Promise.all(
      batch.map(async ({ data }) => {
        await accepted(pool, run, data, await mail.send(data))
      }),
    )
  })
}
