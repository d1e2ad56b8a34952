import { expect, test } from 'vitest'
import { openMetrics } from '../metrics.ts'
import { ScriptedWitnesses } from '../store/testing/scriptedWitnesses.ts'
import { watchContinuity } from './continuity.ts'

function watching(script: Partial<ScriptedWitnesses>, settings: object = {}) {
  const server = Object.assign(new ScriptedWitnesses(), script)
  const lines: { readonly level: string; readonly figures: object; readonly text: string }[] = []
  const at = (level: string) => (figures: object, text: string) => void lines.push({ level, figures, text })
  const stopping = new AbortController()
  const metrics = openMetrics()
  const context = {
    log: { info: at('info'), warn: at('warn'), error: at('error') },
    metrics,
    settings,
    tuning: { witnessMs: 0 },
    worker: 'a',
    stopping: stopping.signal,
  }
  const continuity = watchContinuity(context as never, {
    pools: { health: server.database },
    provider: { name: 'smtp' },
    health: { served: Promise.resolve(true) },
  })
  const stop = () => {
    stopping.abort()
    return continuity.finished
  }
  return { continuity, server, lines, metrics, stop }
}

/** What is told and counted of a server that was started anew, one claim being remembered. */
async function toldOf(script: Partial<ScriptedWitnesses>, settings?: object) {
  const { continuity, server, lines, metrics, stop } = watching({}, settings)
  await continuity.settled()
  const claim = {
    batchId: 'b',
    seq: 1,
    address: '',
    variables: {},
    attempt: 1,
    tries: 0,
    ageMs: 0,
    holder: 'a#1',
  }
  continuity.claimed([claim])
  Object.assign(server, { name: 'second' }, script)
  continuity.changed('first')
  await continuity.settled()
  await stop()
  const { values } = await metrics.lostCommits.get()
  return { lines: lines.slice(1), counted: values[0]?.value, compared: server.compared }
}

test('a server that has everything is told of without alarm', async () => {
  const { lines, counted } = await toldOf({})
  expect(lines).toEqual([
    {
      level: 'info',
      figures: { remembered: 1, doubted: 0, batches: [] },
      text: 'PostgreSQL was started anew, and knows what was claimed',
    },
  ])
  expect(counted).toBe(0)
})

test('claims that were lost are counted, and those that were made again are told by name', async () => {
  const forgotten = [
    { kind: 'doubted', batchId: 'b', seq: 1 },
    { kind: 'doubted', batchId: 'b', seq: 2 },
    { kind: 'again', batchId: 'b', seq: 3 },
  ]
  const { lines, counted } = await toldOf({ forgotten })
  expect(lines).toMatchObject([
    { level: 'error', figures: { doubted: 2, batches: [] } },
    { level: 'error', figures: { recipients: [{ batchId: 'b', seq: 3 }], count: 1 } },
  ])
  expect(counted).toBe(2)
})

test('a batch that is gone is told of, although nobody of it is there to be doubted', async () => {
  const { lines } = await toldOf({ forgotten: [{ kind: 'gone', batchId: 'b', seq: 0 }] })
  expect(lines).toMatchObject([{ level: 'error', figures: { doubted: 0, batches: ['b'] } }])
})

test('a worker that was waited for in vain is told of by name', async () => {
  const others = [{ worker: 'b', hasLooked: false, isThere: false }]
  const { lines } = await toldOf({ others, gaveUp: ['b'] })
  expect(lines[1]).toMatchObject({ level: 'error', figures: { workers: ['b'] } })
})

test('who was doubted is an event where there is a ClickHouse, and nowhere else', async () => {
  expect((await toldOf({}, { clickhouseUrl: 'https://c' })).compared).toEqual([{ seqs: [1], events: true }])
  expect((await toldOf({})).compared).toEqual([{ seqs: [1], events: false }])
})

test('a server that does not answer is told of', async () => {
  const { lines, stop } = watching({ isAway: true })
  await expect.poll(() => lines.map(({ level }) => level)).toEqual(['warn'])
  await stop()
})
