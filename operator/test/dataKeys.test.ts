/** The key of encrypted volumes against a real API server. The volumes are made by the test: no controller does here. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Harness } from './harness.ts'

const FIRST = 'orders-nats-data-key'
const COPY = 'orders-nats-data-key-copy'
const ENCRYPTED = { nats: { managed: { encryption: { enabled: true } } } }
const VOLUME = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data-orders-nats-0' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}

const cluster = new Harness()

beforeAll(() => cluster.start())
afterAll(() => cluster.stop())
beforeEach(() => cluster.newNamespace())

async function keyOf(name: string): Promise<string | undefined> {
  const secret = await cluster.get('secret', name)
  return (secret?.['data'] as Record<string, string> | undefined)?.['data.key']
}

/** Both Secrets hold the same key. */
const bothKeys = () =>
  cluster.eventually('both Secrets', async () => {
    const key = await keyOf(FIRST)
    return key !== undefined && key === (await keyOf(COPY)) ? key : undefined
  })

const suspend = (value: boolean) =>
  cluster.inNamespace([
    'patch',
    'bs',
    'orders',
    '--type=merge',
    '-p',
    JSON.stringify({ spec: { suspend: value } }),
  ])

/** One after the other would not do: whichever goes first is back before the second is gone. */
async function loseBothKeys(): Promise<void> {
  await suspend(true)
  await cluster.untilCondition('Suspended', 'True', 'Suspended')
  await cluster.inNamespace(['delete', 'secret', FIRST, COPY])
  await suspend(false)
}

async function bringUpEncrypted(): Promise<string> {
  await cluster.applySecrets()
  await cluster.apply(cluster.batchSender(ENCRYPTED))
  const key = await bothKeys()
  await cluster.eventually('the StatefulSet', () => cluster.get('statefulset', 'orders-nats'))
  return key
}

describe('the key of encrypted volumes', () => {
  it('is made once, kept twice, and only ever referred to', async () => {
    const key = await bringUpEncrypted()
    const text = Buffer.from(key, 'base64').toString()
    expect(text).toMatch(/^k[0-9a-f]{64}$/)
    const set = JSON.stringify(await cluster.get('statefulset', 'orders-nats'))
    expect(set).toContain(`"secretKeyRef":{"name":"${FIRST}","key":"data.key"}`)
    expect(await cluster.inNamespace(['get', 'configmap,statefulset,bs,events', '-o', 'json'])).not.toContain(
      text,
    )
    expect(cluster.operator.output()).not.toContain(text)
    await expect(cluster.apply(cluster.batchSender())).rejects.toThrow(/encryption\.enabled cannot change/)
  })

  it.each([FIRST, COPY])('is copied back when Secret %s is deleted or spoilt', async (name) => {
    const key = await bringUpEncrypted()
    await cluster.inNamespace(['delete', 'secret', name])
    expect(await bothKeys()).toBe(key)
    await cluster.inNamespace(['patch', 'secret', name, '-p', '{"data":{"data.key":"c2hvcnQ="}}'])
    expect(await bothKeys()).toBe(key)
  })

  it('is not made anew while a volume needs the one that is lost', async () => {
    const key = await bringUpEncrypted()
    await cluster.apply(VOLUME)
    const before = await cluster.get('statefulset', 'orders-nats')
    await loseBothKeys()
    const stalled = await cluster.untilCondition('Stalled', 'True', 'KeyLost')
    expect(stalled.message).toMatch(/orders-nats-data-key: the key is gone and volume data-orders-nats-0/)
    expect(stalled.message).toContain('with its labels (docs/encryption.md)')
    expect(await keyOf(FIRST)).toBeUndefined()
    expect((await cluster.get('statefulset', 'orders-nats'))?.metadata.resourceVersion).toBe(
      before?.metadata.resourceVersion,
    )

    const labels = {
      'app.kubernetes.io/managed-by': 'batchsender-operator',
      'batchsender.io/retained-for': 'orders',
    }
    const backup = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: COPY, labels },
      data: { 'data.key': key },
    }
    await cluster.apply(backup)
    expect(await bothKeys()).toBe(key)
    await cluster.eventually('no stall', async () =>
      (await cluster.status()).conditions?.some(({ type }) => type === 'Stalled') === false
        ? true
        : undefined,
    )
  })

  it('stalls when it is replaced by another one', async () => {
    await bringUpEncrypted()
    const other = Buffer.from(`k${'0'.repeat(64)}`).toString('base64')
    await suspend(true)
    await cluster.untilCondition('Suspended', 'True', 'Suspended')
    for (const name of [FIRST, COPY])
      await cluster.inNamespace([
        'patch',
        'secret',
        name,
        '-p',
        JSON.stringify({ data: { 'data.key': other } }),
      ])
    await suspend(false)
    const stalled = await cluster.untilCondition('Stalled', 'True', 'KeyLost')
    expect(stalled.message).toContain('written with another key')
  })

  it('outlives its BatchSender and is taken up by the next one of that name', async () => {
    const key = await bringUpEncrypted()
    const secret = await cluster.get('secret', FIRST)
    expect(secret?.metadata).not.toHaveProperty('ownerReferences')
    await cluster.inNamespace(['delete', 'bs', 'orders'])
    // No garbage collector runs here: what it would remove is removed by hand.
    const children = 'configmaps,services,statefulsets,poddisruptionbudgets,networkpolicies,secrets'
    await cluster.inNamespace(['delete', children, '-l', 'app.kubernetes.io/instance=orders'])
    await cluster.apply(VOLUME)
    expect(await bringUpEncrypted()).toBe(key)
    expect((await cluster.get('secret', FIRST))?.metadata.uid).toBe(secret?.metadata.uid)
  })
})
