/** A provider whose answer holds what PostgreSQL does not take: it costs nobody else anything. */
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { listen } from '../../hack/standins/listen.ts'
import { Recorder } from '../src/sending/recorder.ts'
import { claimAll, resultOf, startLedgerRig } from './ledgerRig.ts'
import { isFinished, startRig } from './rig.ts'
import { until } from './until.ts'

const UNWRITABLE = 'a\0b'

test('a result that PostgreSQL refuses is stored without its words, and those beside it with theirs', async () => {
  const rig = await startLedgerRig(45_000)
  try {
    const worker = rig.workerNamed('a')
    const id = await rig.newBatch(30)
    const claimed = await claimAll(worker, id)
    expect(claimed).toHaveLength(30)
    const aside: number[] = []
    const onlooker = {
      attempted: () => undefined,
      fenced: () => undefined,
      recordFailed: () => undefined,
      setAside: (_error: unknown, { seq }: { readonly seq: number }) => void aside.push(seq),
    }
    const recorder = new Recorder(worker, onlooker, {
      lingerMs: 10,
      groupSize: 100,
      giveUp: new AbortController().signal,
    })
    await Promise.all(
      claimed.map((one) =>
        recorder.record({
          ...resultOf(one, 'accepted'),
          providerMessageId: one.seq === 11 ? UNWRITABLE : `id-${one.seq}`,
        }),
      ),
    )
    expect(aside).toEqual([11])
    expect(
      await rig.database.query(
        `SELECT seq, provider_message_id AS id FROM recipient
         WHERE batch_id = $1 AND (state <> 'sent' OR provider_message_id IS DISTINCT FROM 'id-' || seq)`,
        [id],
      ),
    ).toEqual([{ seq: 11, id: null }])
    expect(await rig.database.query(`SELECT FROM attempt WHERE outcome = 'accepted'`)).toHaveLength(30)
  } finally {
    await rig.stop()
  }
})

test('an id that no id can be is left out at the provider’s edge, and both batches are sent', async () => {
  const rig = await startRig()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const id = body.includes('odd7@example.org') ? UNWRITABLE : crypto.randomUUID()
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }))
    })
  })
  const proxy = await listen(server, 0)
  try {
    const worker = await rig.worker({ provider: 'resend', resendApiKey: 're_1', resendEndpoint: proxy.url })
    const ids = [await worker.accept(30, 'odd'), await worker.accept(100, 'even')]
    for (const id of ids) {
      const batch = await until(() => worker.batch(id), isFinished, worker.log)
      expect(batch).toMatchObject({ state: 'completed', counts: { uncertain: 0, failed: 0 } })
    }
    expect(await rig.sql('SELECT address FROM recipient WHERE provider_message_id IS NULL')).toEqual([
      { address: 'odd7@example.org' },
    ])
  } finally {
    await proxy.close()
    await rig.stop()
  }
})
