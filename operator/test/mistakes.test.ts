/** What people write wrongly, and the one sentence that each of them gets from the API server. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ControlPlane } from '../../hack/servers/controlPlane.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import { startControlPlane } from '../../hack/servers/controlPlane.ts'
import { batchSenderOf } from './objects.ts'

const CRDS = join(import.meta.dirname, '../../crds')

type Fields = Record<string, unknown>

let plane: ControlPlane
let kubectl: string
const ask = (args: readonly string[], input?: string) =>
  run(kubectl, ['--kubeconfig', plane.kubeconfig, ...args], input === undefined ? {} : { input })

beforeAll(async () => {
  kubectl = await binary('kubectl')
  plane = await startControlPlane()
  await ask(['apply', '--server-side', '-k', CRDS])
  await ask(['wait', '--for=condition=Established', 'crd/batchsenders.batchsender.io'])
})
afterAll(() => plane.stop())

/** A good one with a change; `undefined` takes a field away. */
function senderWith(change: (spec: Spec) => void, name = 'orders'): object {
  const sender = structuredClone(batchSenderOf('default', name, {})) as unknown as { spec: Spec }
  change(sender.spec)
  return sender
}
interface Spec extends Fields {
  worker: Fields & { provider: Fields; http: Fields }
  postgres: Fields
  nats: Fields
}

/** What kubectl says of it, without its own words around. */
async function refusalOf(object: object): Promise<readonly string[]> {
  const words = await ask(['apply', '--dry-run=server', '-f', '-'], JSON.stringify(object)).then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
  return words
    .split('\n')
    .filter((line) => line.includes('spec') || line.includes('metadata') || line.includes('error'))
}

const external = (more: Fields = {}) => ({ external: { url: 'https://c:8443', ...more } })
const backup = (more: Fields) => ({
  ...external(),
  backup: { destination: { namedCollection: 'b' }, ...more },
})

const gateway = (more: Fields) => ({
  parentRef: { name: 'public' },
  hostnames: ['mail.example.com'],
  from: { addresses: ['10.244.0.0/16'] },
  ...more,
})

const MISTAKES: readonly (readonly [what: string, change: (spec: Spec) => void, says: RegExp])[] = [
  ['a field with a typo', (spec) => (spec['wroker'] = {}), /unknown field "spec\.wroker"/],
  [
    'two providers',
    ({ worker }) => (worker.provider['ses'] = { region: 'eu-west-1' }),
    /needs exactly one provider: set one of smtp, ses and resend/,
  ],
  [
    'no provider',
    ({ worker }) => (worker.provider = {}),
    /needs exactly one provider: set one of smtp, ses and resend/,
  ],
  ['two NATS nodes', (spec) => (spec.nats = { managed: { replicas: 2 } }), /supported values: "1", "3", "5"/],
  [
    'replicas and autoscaling',
    ({ worker }) => Object.assign(worker, { replicas: 2, autoscaling: { minReplicas: 1, maxReplicas: 2 } }),
    /takes replicas or autoscaling: remove one of them/,
  ],
  [
    'fewer at most than at least',
    ({ worker }) => (worker['autoscaling'] = { minReplicas: 3, maxReplicas: 2 }),
    /minReplicas must not be above maxReplicas/,
  ],
  [
    'an enum in small letters',
    ({ worker }) => (worker.provider['smtp'] = { host: 'm', tls: 'required' }),
    /supported values: "Required", "Opportunistic", "Disabled"/,
  ],
  [
    'ClickHouse by http',
    (spec) => (spec['clickhouse'] = external({ url: 'http://c:8123' })),
    /must begin with https:\/\/, or set spec\.clickhouse\.external\.insecure: true/,
  ],
  [
    'a Secret by its bare name',
    ({ worker }) => (worker.http['tokensSecretRef'] = 'api-tokens'),
    /tokensSecretRef.*must be of type object/,
  ],
  [
    'a Secret with a key',
    ({ postgres }) => (postgres['credentialsSecretRef'] = { name: 'p', key: 'url' }),
    /unknown field "spec\.postgres\.credentialsSecretRef\.key"/,
  ],
  [
    'a database address in the spec',
    ({ postgres }) => (postgres['url'] = 'postgres://x'),
    /unknown field "spec\.postgres\.url"/,
  ],
  [
    'both kinds of NATS',
    ({ nats }) => (nats['external'] = { servers: ['tls://n:4222'] }),
    /needs exactly one of spec\.nats\.managed and spec\.nats\.external/,
  ],
  [
    'a port that is none',
    ({ worker }) => (worker.provider['smtp'] = { host: 'm', port: 70_000 }),
    /port.*less than or equal to 65535/,
  ],
  [
    'a number as a text',
    ({ worker }) => (worker['replicas'] = '3'),
    /spec\.worker\.replicas.*must be of type integer/,
  ],
  [
    'fewer than no worker',
    ({ worker }) => (worker['replicas'] = -1),
    /spec\.worker\.replicas.*greater than or equal to 0/,
  ],
  [
    'a range without its length',
    (spec) => (spec['network'] = { clients: [{ ipBlock: { cidr: '10.0.0.1' } }] }),
    /must be a range of addresses like 203\.0\.113\.0\/24/,
  ],
  [
    'a range with bits beyond its length',
    (spec) => (spec['network'] = { clients: [{ ipBlock: { cidr: '203.0.113.7/24' } }] }),
    /must be a range of addresses like 203\.0\.113\.0\/24, with nothing behind its prefix/,
  ],
  [
    'an exception with bits beyond its length',
    (spec) =>
      (spec['network'] = { clients: [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.9/28'] } }] }),
    /must be a range of addresses like 203\.0\.113\.0\/24, with nothing behind its prefix/,
  ],
  [
    'a duration in days',
    (spec) => (spec.nats['tls'] = { duration: '90d' }),
    /spec\.nats\.tls\.duration.*must be hours, minutes and seconds, like 2160h or 1h30m: there are no days/,
  ],
  [
    'an objective in days',
    (spec) => (spec['objectives'] = { rpo: '1d' }),
    /spec\.objectives\.rpo.*must be hours, minutes and seconds, like 2160h or 1h30m: there are no days/,
  ],
  [
    'a duration that renews too late',
    (spec) => (spec.nats['tls'] = { duration: '10h', renewBefore: '11h' }),
    /renewBefore must be shorter than spec\.nats\.tls\.duration/,
  ],
  [
    'a size in GB',
    (spec) => (spec.nats = { managed: { storage: { size: '10GB' } } }),
    /storage\.size.*must be a quantity like 10Gi or 500M: bytes are Ki, Mi, Gi, Ti, Pi or k, M, G, T, P/,
  ],
  [
    'a schedule in words',
    (spec) => (spec['clickhouse'] = backup({ schedule: 'every day' })),
    /backup\.schedule.*minute, hour, day of the month, month and day of the week/,
  ],
  [
    'a mail server by its URL',
    ({ worker }) => (worker.provider['smtp'] = { host: 'smtp://mail.example.com' }),
    /smtp\.host.*must be a bare host name or address, like mail\.example\.com: the port is spec\.worker\.provider\.smtp\.port/,
  ],
  [
    'a mail server with its port',
    ({ worker }) => (worker.provider['smtp'] = { host: 'mail.example.com:587' }),
    /smtp\.host.*must be a bare host name or address/,
  ],
  [
    'a waiver that says nothing',
    (spec) => (spec['readiness'] = { waive: [{ check: 'backup-fresh', reason: ' - ' }] }),
    /reason must say in words why the check does not apply/,
  ],
  [
    'the gateway of a retired project',
    (spec) => (spec['gateway'] = gateway({ provider: 'nginx' })),
    /spec\.gateway\.provider cannot be nginx: ingress-nginx is retired .* write Traefik or EnvoyGateway/,
  ],
  [
    'a gateway in small letters',
    (spec) => (spec['gateway'] = gateway({ provider: 'traefik' })),
    /spec\.gateway\.provider must be one of GatewayAPI, Traefik, EnvoyGateway/,
  ],
  [
    'a rate limit that the Gateway API has not',
    (spec) => (spec['gateway'] = gateway({ rateLimit: { requestsPerSecond: 5 } })),
    /spec\.gateway\.rateLimit needs provider Traefik or EnvoyGateway/,
  ],
  [
    'proxies before Envoy',
    (spec) =>
      (spec['gateway'] = gateway({
        provider: 'EnvoyGateway',
        rateLimit: { requestsPerSecond: 5, proxiesInFront: 1 },
      })),
    /proxiesInFront is for Traefik: Envoy Gateway is told of proxies by a ClientTrafficPolicy/,
  ],
  [
    'a gateway from nowhere',
    (spec) => (spec['gateway'] = gateway({ from: {} })),
    /spec\.gateway\.from needs pods .*, addresses .*, or both/,
  ],
  [
    'addresses among the pods of a gateway',
    (spec) => (spec['gateway'] = gateway({ from: { pods: [{}] } })),
    /spec\.gateway\.from\.pods needs podSelector or namespaceSelector; addresses belong into/,
  ],
  [
    'the address of a gateway without its length',
    (spec) => (spec['gateway'] = gateway({ from: { addresses: ['10.0.0.7'] } })),
    /spec\.gateway\.from\.addresses must be a range of addresses/,
  ],
  [
    'a gateway that calls from everywhere',
    (spec) => (spec['gateway'] = gateway({ from: { addresses: ['10.244.0.0/16', '0.0.0.0/0'] } })),
    /spec\.gateway\.from\.addresses may be everybody .* write the addresses of the pods or nodes/,
  ],
  [
    'a gateway that calls from everywhere over IPv6',
    (spec) => (spec['gateway'] = gateway({ from: { addresses: ['::/0'] } })),
    /spec\.gateway\.from\.addresses may be everybody .* write the addresses of the pods or nodes/,
  ],
  [
    'a URL as the name of a host',
    (spec) => (spec['gateway'] = gateway({ hostnames: ['https://mail.example.com'] })),
    /spec\.gateway\.hostnames must be a name in lower case like mail\.example\.com/,
  ],
  [
    'an address as the name of a host',
    (spec) => (spec['gateway'] = gateway({ hostnames: ['192.0.2.7'] })),
    /spec\.gateway\.hostnames must be a name: a Gateway takes no addresses/,
  ],
  [
    'a check that does not exist',
    (spec) => (spec['readiness'] = { waive: [{ check: 'backups', reason: 'not yet' }] }),
    /check.*must be one of .*backup-fresh/,
  ],
  [
    'NATS without TLS',
    (spec) => (spec.nats = { external: { servers: ['nats://n:4222'] } }),
    /servers.*must begin with tls:\/\//,
  ],
  [
    'an image in capitals',
    ({ worker }) => (worker['image'] = 'UPPER CASE'),
    /spec\.worker\.image.*must be the name of an image, like registry\.example\.com\/worker:1\.2\.3/,
  ],
  [
    'a place where there is no time',
    (spec) => (spec['clickhouse'] = backup({ timeZone: 'Mars/Base' })),
    /timeZone.*must be a name of the IANA time zone database, like Europe\/Berlin/,
  ],
  [
    'a request larger than the memory',
    ({ worker }) => (worker.http['maxRequestSizeBytes'] = 20_971_520),
    /set spec\.worker\.resources\.limits\.memory to 50 times of it/,
  ],
]

/** What no user should have to read: a bare regular expression, or a fault of the rules themselves. */
const SERVED = { timeout: 60_000, interval: 200 }
const RIDDLES = /should match|type conversion|no such (key|overload)/

describe('a BatchSender with', () => {
  test.each(MISTAKES)('%s is refused in one clear sentence', async (_, change, says) => {
    const lines = (await refusalOf(senderWith(change))).join('\n')
    expect(lines).toMatch(says)
    expect(lines).not.toMatch(RIDDLES)
  })

  test.each([
    ['Orders', /a lowercase RFC 1123 subdomain/],
    ['1orders', /begin with a letter/],
    ['a'.repeat(36), /must be at most 35 characters/],
  ])('the name %s is refused in one clear sentence', async (name, says) => {
    expect((await refusalOf(senderWith(() => undefined, name))).join('\n')).toMatch(says)
  })

  test('another version is refused by name', async () => {
    const object = { ...senderWith(() => undefined), apiVersion: 'batchsender.io/v1' }
    const error = await ask(['apply', '--dry-run=server', '-f', '-'], JSON.stringify(object)).catch(String)
    expect(error).toMatch(/no matches for kind "BatchSender" in version "batchsender\.io\/v1"/)
  })
})

test('what people write rightly in other ways is taken', async () => {
  const fine = senderWith((spec) => {
    spec.worker.provider['smtp'] = { host: '2001:db8::25' }
    spec.worker['image'] = 'registry.example.com:5000/team_a/worker@sha256:' + '0'.repeat(64)
    spec['clickhouse'] = backup({ timeZone: 'America/Argentina/Buenos_Aires', schedule: '@daily' })
    spec['objectives'] = { rpo: '1h30m' }
    spec['readiness'] = { waive: [{ check: 'backup-fresh', reason: 'ещё рано' }] }
    spec['network'] = { clients: [{ ipBlock: { cidr: '2001:DB8::/32', except: ['2001:db8:1::/48'] } }] }
    spec.nats = { external: { servers: ['tls://[2001:db8::1]:4222', 'tls://nats.example.com'] } }
    spec.worker.http['maxRequestSizeBytes'] = 20_971_520
    spec.worker['resources'] = { limits: { memory: '1Gi' } }
  })
  expect(await refusalOf(fine)).toEqual([])
})

describe('a BatchSender that is there', () => {
  const there = senderWith((spec) => (spec.nats = { managed: { storage: { size: '1Gi' } } }))
  beforeAll(() => ask(['apply', '-f', '-'], JSON.stringify(there)))

  test.each<[string, (spec: Spec) => void, RegExp]>([
    [
      'another size of volumes',
      (spec) => (spec.nats = { managed: { storage: { size: '2Gi' } } }),
      /storage\.size cannot change yet: the volumes exist/,
    ],
    [
      'encryption',
      (spec) => (spec.nats = { managed: { storage: { size: '1Gi' }, encryption: { enabled: true } } }),
      /encryption\.enabled cannot change/,
    ],
    [
      'an external NATS',
      (spec) => (spec.nats = { external: { servers: ['tls://n:4222'] } }),
      /cannot switch between managed and external: create another BatchSender/,
    ],
  ])('is not given %s, in one clear sentence', async (_, change, says) => {
    const lines = (await refusalOf(senderWith(change))).join('\n')
    expect(lines).toMatch(says)
    expect(lines).not.toMatch(RIDDLES)
  })

  test('what it could not be made with today does not stand in the way of its status', async () => {
    const crd = 'crd/batchsenders.batchsender.io'
    const rules = JSON.parse(await ask(['get', crd, '-o', 'json'])) as object
    const relaxed = JSON.stringify(rules, (key, value: unknown) =>
      // Without its version: whoever writes the definition's status meanwhile is not in the way.
      key === 'x-kubernetes-validations' || key === 'resourceVersion' ? undefined : value,
    )
    const old = senderWith((spec) => {
      spec.worker.provider['smtp'] = { host: 'smtp://mail.example.com' }
      spec.nats = { managed: {}, tls: { duration: '90d' } }
    }, 'old')
    await ask(['replace', '-f', '-'], relaxed)
    // A definition is served some time after it was written.
    const isTaken = () =>
      ask(['apply', '-f', '-'], JSON.stringify(old)).then(
        () => true,
        () => false,
      )
    await expect.poll(isTaken, SERVED).toBe(true)
    await ask(['apply', '--server-side', '--force-conflicts', '-k', CRDS])
    await expect
      .poll(() => refusalOf(senderWith(({ worker }) => (worker['image'] = 'A B'))), SERVED)
      .not.toEqual([])
    const status = JSON.stringify({ status: { observedGeneration: 1 } })
    await ask(['patch', 'batchsender', 'old', '--subresource=status', '--type=merge', '-p', status])
    await ask(['annotate', 'batchsender', 'old', 'a=b'])
  })
})
