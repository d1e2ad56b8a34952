import { describe, expect, it } from 'vitest'
import type { AttemptContext } from './attempt.ts'
import type { ClickhouseFault } from '../components/parts/clickhouseSeen.ts'
import type { DesiredKey } from '../components/wishes/key.ts'
import type { DesiredStatement } from '../components/wishes/statement.ts'
import type { Tools } from './tools.ts'
import { Repetitions } from '../runtime/repetitions.ts'
import { IDLE_TOOLS } from '../testing/idleTools.ts'
import { NOW, sender } from '../testing/snapshots.ts'
import { attempt } from './attempt.ts'

const STATEMENT: DesiredStatement = {
  type: 'statement',
  access: { url: 'http://clickhouse' },
  subject: 'email_events',
  texts: ['ALTER TABLE x'],
  reason: 'TTLDrift',
  message: 'the rule is another one',
}

const KEY: DesiredKey = {
  type: 'key',
  secret: { name: 'orders-key', namespace: 'mail', labels: {}, owned: true },
  key: 'data.key',
  source: { from: 'random', sizeBytes: 32, unlessVolumes: ['data-orders-0'] },
}

/** What was carried out and told, and a clock. */
function context(tools: Partial<Tools>) {
  const told: string[] = []
  const clock = { seconds: 0 }
  const all: AttemptContext = {
    sender: sender(),
    now: NOW,
    claim: { apiVersion: 'v1', kind: 'BatchSender', name: 'orders', uid: 'uid', controller: true },
    tools: { ...IDLE_TOOLS, ...tools },
    signal: new AbortController().signal,
    ports: {
      repetitions: new Repetitions(() => clock.seconds * 1_000),
      outdated: (_sender, what) => told.push(`outdated ${what}`),
      lookSoon: () => told.push('look soon'),
    },
  }
  return { all, told, clock }
}

function clickhouse(fault?: ClickhouseFault) {
  const said: string[] = []
  const run: Tools['clickhouse']['run'] = (_server, texts) => {
    said.push(...texts)
    return Promise.resolve(fault)
  }
  return { said, tools: { clickhouse: { run } } }
}

describe('a statement', () => {
  it('that was carried out and is wished for again is put off, ever longer', async () => {
    const { said, tools } = clickhouse()
    const { all, told, clock } = context(tools)
    expect((await attempt(STATEMENT, all)).outcome).toMatchObject({ state: 'done', change: 'requested' })
    clock.seconds = 1
    expect((await attempt(STATEMENT, all)).outcome).toEqual({
      state: 'waiting',
      what: 'ClickHouse table email_events: said a moment ago',
      againMs: 4_000,
    })
    expect(said).toHaveLength(1)
    expect(told).toEqual(['outdated clickhouse'])
    clock.seconds = 5
    await attempt(STATEMENT, all)
    clock.seconds = 6
    expect((await attempt(STATEMENT, all)).outcome).toMatchObject({ againMs: 9_000 })
    expect(said).toHaveLength(2)
  })

  it('of which nobody knows whether it was carried out is looked after soon, and said again', async () => {
    const { said, tools } = clickhouse({ reason: 'Unreachable', message: 'ClickHouse does not answer' })
    const { all, told, clock } = context(tools)
    expect((await attempt(STATEMENT, all)).outcome).toEqual({
      state: 'waiting',
      what: 'ClickHouse table email_events: ClickHouse does not answer',
      againMs: 1_000,
    })
    expect(told).toEqual(['outdated clickhouse', 'look soon'])
    clock.seconds = 1
    expect((await attempt(STATEMENT, all)).outcome).toMatchObject({ againMs: 2_000 })
    expect(said).toHaveLength(2)
  })

  it('that is refused is told with the reason, and said again as soon as it is wished for', async () => {
    const { said, tools } = clickhouse({ reason: 'AccessDenied', message: 'not enough privileges' })
    const { all, told } = context(tools)
    const refused = { state: 'refused', reason: 'AccessDenied', message: 'not enough privileges' }
    expect((await attempt(STATEMENT, all)).outcome).toMatchObject(refused)
    expect((await attempt(STATEMENT, all)).outcome).toMatchObject(refused)
    expect(said).toHaveLength(2)
    expect(told).toEqual(['outdated clickhouse', 'outdated clickhouse'])
  })
})

describe('a key', () => {
  const volumeIsThere = { ...IDLE_TOOLS.cluster, isThere: () => Promise.resolve(true) }

  it('that is made outdates the fingerprints of Secrets', async () => {
    const made: (Readonly<Record<string, string>> | undefined)[] = []
    const { all, told } = context({
      secrets: {
        ...IDLE_TOOLS.secrets,
        keep: async ({ name }, _claim, make) => {
          made.push(await make(undefined))
          return { state: 'done', change: 'created', what: `Secret ${name}` }
        },
      },
    })
    await attempt(KEY, all)
    expect(made).toEqual([{ 'data.key': expect.stringMatching(/^k[0-9a-f]{64}$/) as string }])
    expect(told).toEqual(['outdated references'])
  })

  it('that a volume was written with is not made anew', async () => {
    const { all, told } = context({ cluster: volumeIsThere })
    expect((await attempt(KEY, all)).outcome).toMatchObject({
      state: 'refused',
      reason: 'KeyLost',
      message: expect.stringContaining('volume data-orders-0') as string,
    })
    expect(told).toEqual([])
  })

  it('that is there again without its labels is kept', async () => {
    const key = `k${'0'.repeat(64)}`
    const { all } = context({
      cluster: volumeIsThere,
      secrets: {
        read: () => Promise.resolve({ 'data.key': key }),
        keep: async (_secret, _claim, make) =>
          (await make({ 'data.key': key })) === undefined
            ? { state: 'unchanged' }
            : { state: 'done', change: 'updated', what: 'Secret' },
      },
    })
    expect((await attempt(KEY, all)).outcome).toEqual({ state: 'unchanged' })
  })
})
