/** A worker of its own that takes webhooks of Resend: the demo sends by SMTP, of which nobody tells anything. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Target } from './target.ts'
import { isFinished, startRig } from '../../worker/test/rig.ts'
import { until } from '../../worker/test/until.ts'
import { resourcesOf } from './resources.ts'
import { webhooks } from './scenarios/webhooks.ts'

const RECIPIENTS = 1_000
const APPLIED_WITHIN_MS = 120_000

export async function webhookTarget(): Promise<Target> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const secretsDir = await mkdtemp(join(tmpdir(), 'batchsender-secrets-'))
  await writeFile(join(secretsDir, 'current'), secret)
  const rig = await startRig({ postgresSettings: ['fsync=on'] })
  // Nobody listens there, so that the events stay in the outbox and can be counted.
  const worker = await rig.worker({
    resendWebhookSecretsDir: secretsDir,
    logLevel: 'error',
    clickhouseUrl: 'http://127.0.0.1:9',
  })
  const batchId = await worker.accept(RECIPIENTS)
  await until(() => worker.batch(batchId), isFinished, worker.log)
  const count = async (text: string) => (await rig.sql<{ n: number }>(text))[0]?.n ?? 0
  return {
    origin: worker.api,
    calls: (run) => webhooks({ run, secret, batchId, recipients: RECIPIENTS }),
    resources: async () =>
      new Map([['worker', resourcesOf(await (await fetch(`${worker.internal}/metrics`)).text())]]),
    outcome: async (wanted) => {
      await until(
        () => rig.sql('SELECT FROM webhook_inbox LIMIT 1'),
        (rows) => rows.length === 0,
        () => 'effects are missing',
        APPLIED_WITHIN_MS,
      )
      return {
        stored: { is: await count('SELECT count(*)::int AS n FROM webhook_seen'), wanted },
        events: { is: await count(`SELECT count(*)::int AS n FROM event WHERE event = 'delivered'`), wanted },
      }
    },
    close: async () => {
      await rig.stop()
      await rm(secretsDir, { recursive: true, force: true })
    },
  }
}
