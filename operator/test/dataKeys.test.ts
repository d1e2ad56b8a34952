/** The key of encrypted volumes against a real API server. The volumes are made by the test: no controller does here. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { procedure } from '../../hack/docs/procedures.ts'
import { Harness } from './harness.ts'
import { terminal, typed } from './terminal.ts'

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

const suspend = async () => {
  await typed(cluster, procedure('docs/ownership.md#suspend'))
  await cluster.untilCondition('Suspended', 'True', 'Suspended')
}
const resume = () => typed(cluster, procedure('docs/ownership.md#resume'))

const noStall = () =>
  cluster.eventually('no stall', async () =>
    (await cluster.status()).conditions?.some(({ type }) => type === 'Stalled') === false ? true : undefined,
  )

/** One after the other would not do: whichever goes first is back before the second is gone. */
async function loseBothKeys(): Promise<void> {
  await suspend()
  await cluster.inNamespace(['delete', 'secret', FIRST, COPY])
  await resume()
}

/** Another key in some of the Secrets. */
async function replace(names: readonly string[]): Promise<void> {
  const other = Buffer.from(`k${'0'.repeat(64)}`).toString('base64')
  await suspend()
  for (const name of names)
    await cluster.inNamespace([
      'patch',
      'secret',
      name,
      '-p',
      JSON.stringify({ data: { 'data.key': other } }),
    ])
  await resume()
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
    const reader = await terminal(cluster)
    await reader.run(procedure('docs/encryption.md#keep-key').text)
    const before = await cluster.get('statefulset', 'orders-nats')
    await loseBothKeys()
    const stalled = await cluster.untilCondition('Stalled', 'True', 'KeyLost')
    expect(stalled.message).toMatch(/orders-nats-data-key: the key is gone and volume data-orders-nats-0/)
    expect(stalled.message).toContain(
      'with the labels app.kubernetes.io/managed-by=batchsender-operator and batchsender.io/retained-for=orders',
    )
    expect(await keyOf(FIRST)).toBeUndefined()
    expect((await cluster.get('statefulset', 'orders-nats'))?.metadata.resourceVersion).toBe(
      before?.metadata.resourceVersion,
    )

    await reader.run(procedure('docs/encryption.md#key-from-copy').text)
    await reader.close()
    expect(await bothKeys()).toBe(key)
    await noStall()
  })

  it.each([
    ['without the label of the operator', { 'batchsender.io/retained-for': 'orders' }],
    ['without a label', {}],
  ])('is brought back %s', async (_, labels: Record<string, string>) => {
    const key = await bringUpEncrypted()
    await cluster.apply(VOLUME)
    await loseBothKeys()
    await cluster.untilCondition('Stalled', 'True', 'KeyLost')
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: FIRST, labels } }
    await cluster.apply({ ...secret, data: { 'data.key': key } })
    await cluster.hurry()
    if (Object.keys(labels).length === 0) {
      const told = await cluster.untilCondition('Stalled', 'True', 'NameConflict')
      expect(told.message).toContain('give it back its labels (docs/ownership.md)')
      const giveBack = procedure('docs/ownership.md#give-back-labels').with({ 'orders-nats-ca': FIRST })
      await typed(cluster, giveBack)
    }
    expect(await bothKeys()).toBe(key)
    await noStall()
  })

  it('stalls when another one is beside it, and goes on when the wrong Secret is deleted', async () => {
    const key = await bringUpEncrypted()
    await replace([COPY])
    const stalled = await cluster.untilCondition('Stalled', 'True', 'KeyLost')
    expect(stalled.message).toContain('hold different keys')
    const [used, first, copy] = (await typed(cluster, procedure('docs/encryption.md#compare-keys'))).split(
      '\n',
    )
    expect([first, copy]).toEqual([used, expect.not.stringContaining(used ?? '')])
    const wrongOne = procedure('docs/encryption.md#drop-wrong-keys').with({ [`${FIRST} ${COPY}`]: COPY })
    await typed(cluster, wrongOne)
    expect(await bothKeys()).toBe(key)
    await noStall()
  })

  it('stalls when it is replaced by another one, and goes on when the right one is brought back', async () => {
    const key = await bringUpEncrypted()
    await cluster.apply(VOLUME)
    const reader = await terminal(cluster)
    await reader.run(procedure('docs/encryption.md#keep-key').text)
    await replace([FIRST, COPY])
    const stalled = await cluster.untilCondition('Stalled', 'True', 'KeyLost')
    expect(stalled.message).toContain('written with another key')
    const told = await reader.run(procedure('docs/encryption.md#compare-keys').text)
    const [used, ...held] = told.trim().split('\n')
    expect(held).toHaveLength(2)
    expect(held).not.toContain(used)
    await reader.run(procedure('docs/encryption.md#drop-wrong-keys').text)
    await reader.run(procedure('docs/encryption.md#key-from-copy').text)
    await reader.close()
    expect(await bothKeys()).toBe(key)
    await noStall()
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
