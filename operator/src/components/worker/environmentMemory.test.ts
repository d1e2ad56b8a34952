import { describe, expect, it } from 'vitest'
import type { DeploymentManifest } from '../parts/manifests.ts'
import type { ReferenceFacts, Sender, Snapshot } from '../snapshot.ts'
import { allReferences, reference, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { TEMPLATE_HASH } from '../../vocabulary/labels.ts'
import { environmentMemory } from './environmentMemory.ts'
import { migrationMemory } from './migration.ts'
import { worker } from './worker.ts'

const CLICKHOUSE = { external: { url: 'https://c:8443', credentialsSecretRef: { name: 'clickhouse' } } }
const UNLEASH = { url: 'https://u/api', tokenSecretRef: { name: 'unleash' } }

/** Every secret that workers read from their environment, with the part of the spec that leads to it. */
const SECRETS = [
  { secret: 'postgres', keys: ['url'], spec: SPEC },
  { secret: 'smtp', keys: ['username', 'password'], spec: SPEC },
  {
    secret: 'clickhouse',
    keys: ['username', 'password', 'ca.crt'],
    spec: { ...SPEC, clickhouse: CLICKHOUSE },
  },
  {
    secret: 'ses',
    keys: ['accessKeyId', 'secretAccessKey'],
    spec: withWorker({ provider: { ses: { region: 'r', credentialsSecretRef: { name: 'ses' } } } }),
  },
  {
    secret: 'resend',
    keys: ['apiKey'],
    spec: withWorker({ provider: { resend: { credentialsSecretRef: { name: 'resend' } } } }),
  },
  {
    secret: 'unleash',
    keys: ['token'],
    spec: withWorker({ features: { provider: 'Unleash', unleash: UNLEASH } }),
  },
] as const

function withWorker(more: object): Sender['spec'] {
  return { ...SPEC, worker: { ...SPEC.worker, ...more } }
}

const CASES = SECRETS.flatMap(({ keys, ...one }) => keys.map((key) => ({ ...one, keys, key })))

/** What a pass sees while the key has a value, after one that left this in the status. */
function seen(
  { secret, keys, key, spec }: (typeof CASES)[number],
  print: string,
  last: Sender['status'],
): Snapshot {
  const right = reference(...keys)
  const facts: ReferenceFacts = right.found
    ? { ...right, fingerprints: { ...right.fingerprints, [key]: print } }
    : right
  const references = allReferences().set(secret, facts)
  return snapshot({ sender: sender({ spec, status: last }), references })
}

function hashOf(given: Snapshot): string {
  const migrated = { ...given.sender, status: { ...given.sender.status, ...migratedStatus(given) } }
  const wish = worker
    .desired({ ...given, sender: migrated })
    .find((one) => one.type === 'object' && one.resource.kind === 'Deployment')
  if (wish?.type !== 'object') throw new Error('no Deployment is wanted')
  const { spec } = wish.object as DeploymentManifest
  return spec?.template.metadata?.annotations?.[TEMPLATE_HASH] ?? ''
}

/** As after a migration of whatever database the Secret names. */
function migratedStatus(given: Snapshot) {
  const wish = worker.desired(given).find((one) => one.type === 'object' && one.resource.kind === 'Job')
  if (wish?.type !== 'object') throw new Error('no migration is wanted')
  const status = { conditions: [{ type: 'Complete', status: 'True' }] }
  return migrationMemory({ ...given, children: new Map([['Job/x', { ...wish.object, status }]]) })
}

describe('secrets that workers read once', () => {
  it.each(CASES)('$key of $secret that goes wrong and back replaces workers each time', (one) => {
    let status: Sender['status'] = {}
    const hashes = ['right', 'right', 'wrong', 'wrong', 'right', 'right', 'wrong', 'right'].map((print) => {
      const given = seen(one, print, status)
      status = environmentMemory(given)
      return hashOf(given)
    })
    const [first, second, wrong, stillWrong, back, stillBack, wrongAgain, backAgain] = hashes
    expect([second, stillWrong, stillBack]).toEqual([first, wrong, back])
    expect(new Set([first, wrong, back, wrongAgain, backAgain]).size).toBe(5)
  })

  it('is not forgotten while one cannot be read', () => {
    const status = { environment: { of: 'a', was: ['b'], returns: 2 } }
    expect(environmentMemory(snapshot({ sender: sender({ status }), references: new Map() }))).toEqual(status)
  })

  it('says the same as long as nothing changes, and remembers only so many', () => {
    const first = environmentMemory(snapshot())
    expect(environmentMemory(snapshot({ sender: sender({ status: first }) }))).toEqual(first)
    const was = Array.from({ length: 16 }, (_, index) => `h${index}`)
    const { environment } = environmentMemory(
      snapshot({ sender: sender({ status: { environment: { of: 'last', was } } }) }),
    )
    expect(environment?.was).toEqual([...was.slice(1), 'last'])
    expect(environment?.returns).toBeUndefined()
  })
})
