import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { paintWith } from '../text/paint.ts'
import { changesBetween, isSame, withWish } from './compare.ts'
import { manifestIn, threeWay } from './edit.ts'
import type { Forecast } from './foretell.ts'
import { asData, printed } from './print.ts'
import { plannedOf } from './rehearsal.ts'

const deployment = (image: string, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'orders-worker', uid: 'u', resourceVersion: '7', generation: 3, ...more },
  spec: { replicas: 2, template: { spec: { containers: [{ name: 'worker', image }] } } },
  status: { replicas: 2 },
})

describe('changes', () => {
  it('are told by the names of items', () => {
    expect(changesBetween(deployment('a').spec, deployment('b').spec, 'spec')).toEqual([
      { path: 'spec.template.spec.containers[worker].image', from: 'a', to: 'b' },
    ])
  })

  it('are told of items that come and go, and of names with dots', () => {
    const [from, to] = [[{ name: 'A', value: '1' }], [{ name: 'B', value: '2' }]]
    expect(changesBetween({ env: from, labels: { 'x.io/a': '1' } }, { env: to, labels: {} })).toEqual([
      { path: 'env[A]', from: from[0], to: undefined },
      { path: 'env[B]', from: undefined, to: to[0] },
      { path: 'labels["x.io/a"]', from: '1', to: undefined },
    ])
  })

  it('are none where only the server counted', () => {
    expect(isSame(deployment('a'), deployment('a', { generation: 4, resourceVersion: '9' }))).toBe(true)
    expect(isSame(deployment('a'), deployment('b'))).toBe(false)
    const owner = (manager: string) => ({
      managedFields: [{ manager, operation: 'Apply' as const, fieldsV1: { 'f:spec': {} } }],
    })
    expect(isSame(deployment('a', owner('x')), deployment('a', owner('y')))).toBe(false)
  })

  it('of a wish that nobody may ask the server for keep what it does not name', () => {
    const wish = {
      ...deployment('b'),
      spec: { template: { spec: { containers: [{ name: 'worker', image: 'b' }] } } },
    }
    const claim = { apiVersion: 'x', kind: 'BatchSender', name: 'orders', uid: 'o' }
    expect(withWish(deployment('a'), wish, claim)['spec']).toEqual(deployment('b').spec)
  })
})

describe('kubectl apply', () => {
  it('removes what was applied before and is in the file no more, and leaves what others set', () => {
    const object = (spec: object) => ({
      apiVersion: 'v1',
      kind: 'BatchSender',
      metadata: { name: 'o' },
      spec,
    })
    const last = object({ a: 1, b: { c: 1, d: 1 } })
    const live = object({ a: 1, b: { c: 1, d: 1, of: 'another' }, scaled: 3 })
    expect(threeWay(last, object({ a: 2, b: { c: 1 } }), live)).toMatchObject({
      spec: { a: 2, b: { d: null } },
    })
    const patch = threeWay(last, object({ a: 2, b: { c: 1 } }), live) as { spec: object }
    expect(patch.spec).not.toHaveProperty('scaled')
  })
})

describe('a file', () => {
  it.each([
    ['kind: Secret\nmetadata: {name: x}', 'has no object of kind BatchSender'],
    ['kind: BatchSender\nmetadata: {}', 'has no metadata.name'],
    [
      'kind: BatchSender\nmetadata: {name: a}\n---\nkind: BatchSender\nmetadata: {name: b}',
      'has 2 BatchSenders',
    ],
    ['a: [', 'is no YAML'],
  ])('%j is refused', (text, why) => {
    expect(() => manifestIn(text, 'orders.yaml')).toThrow(why)
  })

  it('may have others beside the BatchSender', () => {
    const text = 'kind: Secret\nmetadata: {name: x}\n---\nkind: BatchSender\nmetadata: {name: a}'
    expect(manifestIn(text, 'orders.yaml').metadata.name).toBe('a')
  })
})

describe('a forecast', () => {
  const canary = 'c4n4ry'
  const fields = [
    { path: 'spec.template.spec.containers[worker].image', from: 'a', to: `b${'x'.repeat(100)}` },
    {
      path: 'spec.template.spec.containers[worker].env[SMTP_URL].value',
      from: undefined,
      to: `smtp://u:${canary}@h`,
    },
    { path: 'spec.password', from: canary, to: 'x' },
    { path: 'data["nats.conf"]', from: 'a\nb\nc\nd', to: 'a\nb\nc\ne' },
  ]
  const forecast: Forecast = {
    ...{ namespace: 'mail', name: 'orders', as: 'kubectl apply', isNew: false, writes: [] },
    edits: [{ path: 'spec.worker.image', from: 'a', to: 'b' }],
    planned: [
      { change: 'created', kind: 'Job', name: 'orders-migrate-1', times: 1, fields: [], after: {} },
      {
        change: 'updated',
        kind: 'Deployment',
        name: 'orders-worker',
        times: 2,
        fields,
        after: { replicas: 2 },
      },
    ],
    anyway: [],
    rolls: [{ kind: 'Deployment', name: 'orders-worker', pods: 2, why: [fields[0]?.path ?? ''] }],
    faults: [],
    notes: ['n'.repeat(30)],
    unread: ['Secrets: whatever follows from their content is supposed to stay as it is'],
  }

  it('is told within 80 columns, and nothing secret', () => {
    const text = printed(forecast, 80, paintWith(false))
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(text).toContain('Writes: 1 created, 1 changed, 0 removed')
    expect(text).toContain('  ~ Deployment orders-worker (2 writes)')
    expect(text).toContain('(text of 4 lines) → (text of 4 lines)')
    expect(text).toContain('Deployment orders-worker: 2 pods, for')
    expect(text + JSON.stringify(asData(forecast))).not.toContain(canary)
  })

  it('has one entry for an object, however often it is written', () => {
    const writes = [
      { change: 'created', kind: 'Job', name: 'a' },
      { change: 'updated', kind: 'Deployment', name: 'b' },
      { change: 'removed', kind: 'Job', name: 'a' },
      { change: 'updated', kind: 'Deployment', name: 'b' },
    ] as const
    expect(
      plannedOf(writes, new Map(), new Map()).map(({ change, name, times }) => [change, name, times]),
    ).toEqual([
      ['created', 'a', 2],
      ['updated', 'b', 2],
    ])
  })

  it('as JSON is what a program reads', () => {
    const data = parse(JSON.stringify(asData(forecast))) as { writes: object[] }
    expect(data.writes[1]).toMatchObject({ change: 'updated', kind: 'Deployment', writes: 2 })
  })
})
