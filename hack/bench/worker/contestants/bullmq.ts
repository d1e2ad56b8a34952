/** BullMQ on Redis: lots of `addBulk`, one worker with as many jobs at once as there are connections. */
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { accepted, conditions, jobs, openMail, type Job } from './mail.ts'

const QUEUE = 'mail'
const given = conditions()
const { run, count, redisPort: port, postgresUrl: connectionString, connections } = given
const connection = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null })

if (process.argv[2] === 'enqueue') {
  const queue = new Queue<Job>(QUEUE, { connection })
  for (const lot of jobs(count)) await queue.addBulk(lot.map((data) => ({ name: 'mail', data })))
  await queue.close()
  connection.disconnect()
} else {
  const mail = openMail(given)
  const pool = new Pool({ connectionString, max: 10 })
  const worker = new Worker<Job>(
    QUEUE,
    async ({ data }) => {
      await accepted(pool, run, data, await mail.send(data))
    },
    { connection, concurrency: connections },
  )
  worker.on('error', (error) => {
    console.error(error)
  })
}
