import { describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { SecretFacts, Snapshot } from '../snapshot.ts'
import { children, issuedSecrets, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { DATA_KEY_ID } from '../../vocabulary/dataKey.ts'
import { natsConfiguration } from './configuration.ts'
import { dataKey, dataKeySecrets } from './dataKey.ts'
import { nats } from './nats.ts'

const encrypted = sender({
  spec: { ...SPEC, nats: { managed: { replicas: 3, encryption: { enabled: true } } } },
})
const { first, second } = dataKeySecrets(encrypted)

/** Every Secret in order, with the data keys as given; `undefined` is a Secret that is not there. */
function holding(
  keys: Readonly<Record<string, Partial<SecretFacts> | undefined>>,
  more: Partial<Snapshot> = {},
) {
  const secrets = issuedSecrets(encrypted)
  for (const [name, facts] of Object.entries(keys)) {
    if (facts) secrets.set(name, { keys: [], deleting: false, ...facts })
    else secrets.delete(name)
  }
  return snapshot({ sender: encrypted, secrets, ...more })
}

const key = (id: string): Partial<SecretFacts> => ({ dataKey: { id } })
const ran = (id: string): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'orders-nats' },
  spec: { template: { metadata: { annotations: { [DATA_KEY_ID]: id } } } },
})

const wishes = (given: Snapshot) => nats.desired(given).flatMap((wish) => (wish.type === 'key' ? [wish] : []))
const kinds = (given: Snapshot) =>
  nats.desired(given).map((wish) => (wish.type === 'object' ? wish.resource.kind : wish.type))

describe('the key of the volumes', () => {
  it('is none of the business of nodes that do not encrypt', () => {
    expect(dataKey(snapshot())).toEqual({ state: 'off' })
    expect(natsConfiguration(sender(), snapshot().installation)).not.toContain('cipher')
  })

  it('comes before everything else, and only while no volume is there', () => {
    const given = holding({ [first]: undefined, [second]: undefined })
    expect(kinds(given)).toEqual(['key'])
    expect(wishes(given)[0]?.source).toMatchObject({
      from: 'random',
      unlessVolumes: ['data-orders-nats-0', 'data-orders-nats-1', 'data-orders-nats-2'],
    })
    expect(nats.verdict(given)).toMatchObject({ status: 'False', reason: 'Waiting' })
  })

  it.each([
    { gone: 'the copy', keys: { [first]: key('a'), [second]: undefined }, from: first, into: second },
    { gone: 'the first', keys: { [first]: undefined, [second]: key('a') }, from: second, into: first },
    { gone: 'what the first held', keys: { [first]: {}, [second]: key('a') }, from: second, into: first },
    {
      gone: 'soon the copy',
      keys: { [first]: key('a'), [second]: { ...key('a'), deleting: true } },
      from: first,
      into: second,
    },
  ])('is copied back when $gone is gone', ({ keys, from, into }) => {
    const [wish, ...others] = wishes(holding(keys))
    expect(wish).toMatchObject({ secret: { name: into }, source: { from: 'secret', name: from } })
    expect(others).toEqual([])
    expect(kinds(holding(keys))).toContain('StatefulSet')
  })

  it.each([
    { why: 'two Secrets that differ', given: holding({ [first]: key('a'), [second]: key('b') }) },
    {
      why: 'another key than the pods were started with',
      given: holding({ [first]: key('b'), [second]: key('b') }, { children: children(ran('a')) }),
    },
  ])('stalls and changes nothing with $why', ({ given }) => {
    expect(nats.verdict(given)).toMatchObject({ status: 'False', reason: 'KeyLost' })
    expect(kinds(given)).toEqual([])
  })

  it('makes no stream where the nodes may not have found theirs', () => {
    const lost = holding({ [first]: key('a'), [second]: key('b') })
    const seen = { reached: true, stream: { exists: false }, consumer: { exists: false } } as const
    const evidence = { ...lost.evidence, jetstream: { lookedAt: lost.now, seen } }
    expect(kinds({ ...lost, evidence })).toEqual([])
  })

  it('outlives the BatchSender unless its volumes do not', () => {
    const fresh = { [first]: undefined, [second]: undefined }
    expect(wishes(holding(fresh))[0]?.secret.owned).toBe(false)
    const secrets = holding(fresh).secrets
    const bound = { ...encrypted, spec: { ...encrypted.spec, deletionPolicy: 'Delete' as const } }
    expect(wishes(snapshot({ sender: bound, secrets }))[0]?.secret.owned).toBe(true)
  })

  it('is let go by its owner when the volumes are to outlive it after all', () => {
    const owned = { ...key('a'), controllerUid: encrypted.uid }
    const given = holding({ [first]: owned, [second]: owned })
    expect(wishes(given).map(({ secret }) => [secret.name, secret.owned])).toEqual([
      [first, false],
      [second, false],
    ])
  })
})
