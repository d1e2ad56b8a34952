/** graphile-worker: jobs in lots of `addJobs`; the tuned form fetches them in lots as well (`localQueue`). */
import { makeWorkerUtils, run as startRunner, Logger } from 'graphile-worker'
import { accepted, conditions, jobs, openMail, type Job } from './mail.ts'

const TASK = 'mail'
const given = conditions()
const { run, count, postgresUrl: connectionString, connections } = given
const logger = new Logger(() => () => undefined)

if (process.argv[2] === 'enqueue') {
  const utils = await makeWorkerUtils({ connectionString, logger })
  await utils.migrate()
  for (const lot of jobs(count))
    await utils.addJobs(
      lot.map((payload) => ({ identifier: TASK, payload, queueName: null, maxAttempts: 25 })) as never,
    )
  await utils.release()
} else {
  const mail = openMail(given)
  const runner = await startRunner({
    connectionString,
    logger,
    concurrency: connections,
    maxPoolSize: 10,
    noHandleSignals: true,
    pollInterval: 500,
    ...(process.env['TUNED'] === 'true' && {
      preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    }),
    taskList: {
      [TASK]: async (payload, helpers) => {
        const job = payload as Job
        const messageId = await mail.send(job)
        await helpers.withPgClient((client) => accepted(client, run, job, messageId))
      },
    },
  })
  await runner.promise
}
