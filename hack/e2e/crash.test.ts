import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { arrivals, createBatch, readBatch, recipientsOf, untilEnded } from '../demo/mail.ts'
import { Environment, expectContract } from './environment.ts'
import { eventually } from './eventually.ts'

const MAILS = 1_000
let here: Environment

beforeAll(async () => {
  const namespace = 'e2e-crash'
  here = await Environment.start(namespace, {
    spec: {
      worker: {
        replicas: 1,
        // Slow enough to be killed in the middle.
        provider: {
          smtp: { host: `smtp-sink.${namespace}.svc.cluster.local`, port: 2525, tls: 'Disabled' },
          maxPerSecond: 150,
        },
        http: { tokensSecretRef: { name: 'api-tokens' } },
      },
    },
  })
})
afterAll(async () => {
  await here.stop()
})

describe('a worker that is killed in the middle of a batch', () => {
  it('has every recipient accounted for when it is back', async () => {
    const run = `crash${Date.now().toString(36)}`
    const { id } = await createBatch(await here.endpoints(), recipientsOf(MAILS, run))
    await eventually('a third is sent', async () =>
      (await arrivals(await here.endpoints(), run)).size > MAILS / 3 ? true : undefined,
    )
    await here.killPod(
      await here.kubectl(
        'get',
        'pods',
        '-l',
        'app.kubernetes.io/component=worker,!batchsender.io/probe',
        '-o',
        'jsonpath={.items[0].metadata.name}',
      ),
    )
    const killedAfter = (await arrivals(await here.endpoints(), run)).size
    expect(killedAfter).toBeLessThan(MAILS)

    const settledBatch = await eventually(
      'no recipient is on its way any more',
      async () => {
        const batch = await readBatch(await here.endpoints(), id).catch(() => undefined)
        const open = (batch?.counts['pending'] ?? 0) + (batch?.counts['sending'] ?? 0)
        return batch && open === 0 && batch.state !== 'accepted' ? batch : undefined
      },
      240_000,
      500,
    )
    const arrived = await arrivals(await here.endpoints(), run)
    const sent = settledBatch.counts['sent'] ?? 0
    const uncertain = settledBatch.counts['uncertain'] ?? 0
    console.log(
      `killed after ${killedAfter}: sent ${sent}, at the sink ${arrived.size}, uncertain ${uncertain}, state ${settledBatch.state}`,
    )
    expect(sent).toBeLessThanOrEqual(arrived.size)
    expect(arrived.size).toBeLessThanOrEqual(sent + uncertain)
    expect(sent + uncertain).toBe(MAILS)
    expect([...arrived.values()].filter((times) => times > 1)).toEqual([])
    if (uncertain === 0) await untilEnded(await here.endpoints(), id, Date.now() + 10_000)
  })

  it('kept the status contract in every status that was seen', () => {
    expectContract(here.statuses)
  })
})
