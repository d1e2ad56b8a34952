import { describe, expect, it } from 'vitest'
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { BatchSenderStatus } from '../../../../crds/schema/status.ts'
import type { GatewaySpec } from '../../../../crds/schema/gateway.ts'
import type { KubernetesObject, ObjectMeta } from '../../runtime/object.ts'
import type { Snapshot } from '../snapshot.ts'
import { gatewayAccepted } from '../../checks/gatewayAccepted.ts'
import { gatewayStatus, type Said } from '../../testing/gatewayStatus.ts'
import { children, NOW, sender, snapshot, SPEC } from '../../testing/snapshots.ts'
import { gateway } from './gateway.ts'

const ASKED: GatewaySpec = {
  provider: 'Traefik',
  parentRef: { name: 'public', namespace: 'gateways', sectionName: 'https' },
  hostnames: ['mail.example.com'],
  from: { addresses: ['10.244.3.0/24'] },
  rateLimit: { requestsPerSecond: 50 },
}
const RESEND = { credentialsSecretRef: { name: 'resend' }, webhookSecretRefs: [{ name: 'webhook' }] }

function world(
  given: Partial<GatewaySpec> | undefined = {},
  more: Partial<Snapshot> = {},
  spec: Partial<BatchSenderSpec> = {},
): Snapshot {
  const who = sender({ spec: { ...SPEC, ...spec, gateway: { ...ASKED, ...given } } })
  return snapshot({ sender: who, ...more })
}
const unasked = (more: Partial<Snapshot> = {}) => snapshot(more)

function made(given: Snapshot): readonly KubernetesObject[] {
  return gateway.desired(given).flatMap((wish) => (wish.type === 'object' ? [wish.object] : []))
}
const named = (given: Snapshot) => made(given).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
const gone = (given: Snapshot) =>
  gateway
    .desired(given)
    .flatMap((wish) => (wish.type === 'absent' ? [`${wish.resource.kind} ${wish.name}`] : []))

/** As the server has what the spec leads to, with the status of a gateway. */
function served(given: Snapshot, said: readonly Said[] = [], generation = 2): Map<string, KubernetesObject> {
  return children(
    ...made(given).map((object) => {
      const live = { ...object, metadata: { ...object.metadata, generation } }
      const status = gatewayStatus(live, live.kind === 'HTTPRoute' ? said : [])
      return { ...live, ...(status && { status }) }
    }),
  )
}

const pathsOf = (object: KubernetesObject | undefined) =>
  (
    object as unknown as { spec: { rules: { matches: { path: { type: string; value: string } }[] }[] } }
  ).spec.rules.map(({ matches }) => matches.map(({ path }) => `${path.type} ${path.value}`))

describe('the routes', () => {
  it('lead the API and its pages at the Gateway of the spec to the Service of the workers', () => {
    const [, route] = made(world())
    expect(route).toMatchObject({
      kind: 'HTTPRoute',
      metadata: { name: 'orders-api', labels: { 'app.kubernetes.io/component': 'gateway' } },
      spec: {
        hostnames: ['mail.example.com'],
        parentRefs: [{ kind: 'Gateway', namespace: 'gateways', name: 'public', sectionName: 'https' }],
        rules: [{ backendRefs: [{ kind: 'Service', name: 'orders-worker', port: 80 }] }],
      },
    })
    expect(pathsOf(route)).toEqual([['PathPrefix /v1', 'PathPrefix /docs', 'Exact /openapi.json']])
  })

  it('are at a Gateway of the own namespace when no other is named', () => {
    const [, route] = made(world({ parentRef: { name: 'own' } }))
    expect(route).toMatchObject({ spec: { parentRefs: [{ namespace: 'mail', name: 'own' }] } })
    expect(JSON.stringify(route)).not.toContain('sectionName')
  })

  it.each<[what: string, worker: Partial<BatchSenderSpec['worker']>, paths: string[][]]>([
    ['the webhooks of Resend', { provider: { resend: RESEND } }, [['Exact /webhooks/resend']]],
    [
      'the webhooks of SES',
      { provider: { ses: { region: 'eu-west-1', topicArns: ['arn:aws:sns:eu-west-1:123456789012:mail'] } } },
      [['Exact /webhooks/ses']],
    ],
    [
      'clicks to unsubscribe',
      { unsubscribe: { baseUrl: 'https://mail.example.com', keySecretRef: { name: 'key' } } },
      [['PathPrefix /u']],
    ],
  ])('have one without a limit for %s', (_, worker, paths) => {
    const all = made(world({}, {}, { worker: { ...SPEC.worker, ...worker } }))
    const callbacks = all.find(({ metadata }) => metadata.name === 'orders-callbacks')
    expect(pathsOf(callbacks)).toEqual(paths)
    expect(JSON.stringify(callbacks)).not.toContain('ExtensionRef')
  })

  it('are none for webhooks that no topic and no secret is set for', () => {
    for (const provider of [
      { ses: { region: 'eu-west-1' } },
      { resend: { credentialsSecretRef: { name: 'resend' } } },
    ])
      expect(named(world({ provider: 'GatewayAPI' }, {}, { worker: { ...SPEC.worker, provider } }))).toEqual([
        'HTTPRoute orders-api',
      ])
  })

  it.each(['HTTPRoute', 'Middleware'])('are not written without the kind %s', (kind) => {
    expect(named(world({}, { missingKinds: new Set([kind]) }))).toEqual([])
  })

  it('take the path of links away before the workers see it', () => {
    const unsubscribe = { baseUrl: 'https://mail.example.com/mails/', keySecretRef: { name: 'key' } }
    const callbacks = made(world({}, {}, { worker: { ...SPEC.worker, unsubscribe } })).at(-1)
    expect(pathsOf(callbacks)).toEqual([['PathPrefix /mails/u']])
    expect(callbacks).toMatchObject({
      spec: {
        rules: [
          {
            filters: [
              {
                type: 'URLRewrite',
                urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/u' } },
              },
            ],
          },
        ],
      },
    })
  })

  it('lead to nothing of the internal port', () => {
    expect(JSON.stringify(made(world()))).not.toMatch(/metrics|evidence|readyz|livez|8081/)
  })
})

describe('the rate limit', () => {
  it('is a Middleware of Traefik that the route of the API names', () => {
    const [limit, route] = made(world())
    expect(limit).toMatchObject({
      apiVersion: 'traefik.io/v1alpha1',
      kind: 'Middleware',
      metadata: { name: 'orders-api' },
      spec: { rateLimit: { average: 50, period: '1s', burst: 50 } },
    })
    expect(route).toMatchObject({
      spec: {
        rules: [
          {
            filters: [
              {
                type: 'ExtensionRef',
                extensionRef: { group: 'traefik.io', kind: 'Middleware', name: 'orders-api' },
              },
            ],
          },
        ],
      },
    })
  })

  it('counts who connects to Traefik, or who the first proxy before it saw', () => {
    const strategy = (rateLimit: NonNullable<GatewaySpec['rateLimit']>) =>
      JSON.stringify(made(world({ rateLimit }))[0]?.['spec'])
    expect(strategy({ requestsPerSecond: 1 })).toContain('"ipStrategy":{"ipv6Subnet":64}')
    expect(strategy({ requestsPerSecond: 1, proxiesInFront: 2 })).toContain('"depth":2')
  })

  it('is a BackendTrafficPolicy of Envoy Gateway about that route alone, for each client', () => {
    const [limit, route] = made(world({ provider: 'EnvoyGateway' }))
    expect(limit).toMatchObject({
      kind: 'BackendTrafficPolicy',
      spec: {
        targetRefs: [{ kind: 'HTTPRoute', name: 'orders-api' }],
        rateLimit: {
          local: {
            rules: [
              {
                clientSelectors: [{ sourceCIDR: { type: 'Distinct', value: '0.0.0.0/0', invert: false } }],
                limit: { requests: 50, unit: 'Second' },
              },
              { clientSelectors: [{ sourceCIDR: { type: 'Distinct', value: '::/0' } }] },
            ],
          },
        },
      },
    })
    expect(JSON.stringify(route)).not.toContain('filters')
  })

  it('is none with the Gateway API alone, or when none is set', () => {
    expect(named(world({ provider: 'GatewayAPI' }))).toEqual(['HTTPRoute orders-api'])
    const { provider = 'Traefik', parentRef, hostnames, from } = ASKED
    const who = sender({ spec: { ...SPEC, gateway: { provider, parentRef, hostnames, from } } })
    expect(named(snapshot({ sender: who }))).toEqual(['HTTPRoute orders-api'])
  })
})

describe('what is not wanted any more', () => {
  it('goes with the wish, the limit when no route names it any more', () => {
    const there = served(world())
    expect(gone(unasked({ children: there }))).toEqual(['HTTPRoute orders-api'])
    there.delete('HTTPRoute/orders-api')
    expect(gone(unasked({ children: there }))).toEqual(['Middleware orders-api'])
  })

  it('goes with what made it: another provider, webhooks that are not set any more', () => {
    const before = world({}, {}, { worker: { ...SPEC.worker, provider: { resend: RESEND } } })
    const there = served(before)
    expect(gone(world({ provider: 'EnvoyGateway' }, { children: there }))).toEqual([
      'HTTPRoute orders-callbacks',
    ])
    const changed = served(world({ provider: 'EnvoyGateway' }))
    const left = there.get('Middleware/orders-api') ?? expect.fail()
    const both = new Map([...changed, ['Middleware/orders-api', left]])
    expect(gone(world({ provider: 'EnvoyGateway' }, { children: both }))).toEqual(['Middleware orders-api'])
  })

  it('is nothing of others', () => {
    const { metadata, ...rest } = made(world()).at(-1) ?? expect.fail()
    const other = { ...rest, metadata: { ...metadata, labels: {} } }
    expect(gone(unasked({ children: children(other as KubernetesObject) }))).toEqual([])
  })
})

const gives = (type: string, reason: string, message = '', status = 'False'): Said => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 2,
})

/** Each with what the check makes of it. */
const TABLE: readonly (readonly [
  what: string,
  given: Snapshot,
  status: string,
  reason: string,
  state: string,
  says: RegExp,
])[] = [
  ['is not asked for', unasked(), 'True', 'NotConfigured', 'NotConfigured', /asks for no gateway/],
  [
    'lacks the kinds of the Gateway API',
    world({}, { missingKinds: new Set(['HTTPRoute', 'Middleware']) }),
    'False',
    'NotInstalled',
    'Failing',
    /no Middleware \(traefik\.io\/v1alpha1\) and no HTTPRoute \(gateway\.networking\.k8s\.io\/v1\)/,
  ],
  [
    'lacks the kind of the limit',
    world({}, { missingKinds: new Set(['Middleware']) }),
    'False',
    'NotInstalled',
    'Failing',
    /nothing leads to the workers/,
  ],
  ['is not there yet', world(), 'False', 'Applying', 'Failing', /HTTPRoute orders-api/],
  [
    'is as it should be',
    world({}, { children: served(world()) }),
    'True',
    'Accepted',
    'Proven',
    /leads mail\.example\.com to the workers; limited by Middleware orders-api$/,
  ],
  [
    'is refused by the listener',
    world({}, { children: served(world(), [gives('Accepted', 'NotAllowedByListeners')]) }),
    'False',
    'NotAccepted',
    'Failing',
    /^Gateway gateways\/public \(listener https\) does not take HTTPRoute orders-api: NotAllowedByListeners \(example/,
  ],
  [
    'is taken in part',
    world({}, { children: served(world(), [gives('PartiallyInvalid', 'UnsupportedValue', 'x', 'True')]) }),
    'False',
    'NotAccepted',
    'Failing',
    /UnsupportedValue: x/,
  ],
  [
    'leads to nothing',
    world({}, { children: served(world(), [gives('ResolvedRefs', 'BackendNotFound', 'no service')]) }),
    'False',
    'RefsNotResolved',
    'Failing',
    /finds no way on: BackendNotFound: no service/,
  ],
  [
    'was answered before it changed',
    world(
      {},
      {
        children: served(world(), [{ ...gives('Accepted', 'Accepted', '', 'True'), observedGeneration: 1 }]),
      },
    ),
    'False',
    'Unanswered',
    'Failing',
    /has not come to the present state of HTTPRoute orders-api/,
  ],
]

describe('a gateway that', () => {
  it.each(TABLE)('%s', (_, given, status, reason, state, says) => {
    const verdict = gateway.verdict(given)
    expect(verdict).toMatchObject({ status, reason })
    expect(verdict.message).toMatch(says)
    expect(gatewayAccepted.prove(given).state).toBe(state)
  })

  it('was told nothing of, or of another one, has not answered', () => {
    const there = served(world())
    const route = there.get('HTTPRoute/orders-api') ?? expect.fail()
    const others = [{ sectionName: 'http' }, { namespace: 'mail' }, { name: 'private' }].map((other) =>
      gatewayStatus({ ...route, spec: { parentRefs: [{ ...ASKED.parentRef, ...other }] } }),
    )
    for (const status of [undefined, {}, { parents: [] }, ...others]) {
      const given = world(
        {},
        { children: new Map([...there, ['HTTPRoute/orders-api', { ...route, status }]]) },
      )
      expect(gateway.verdict(given)).toMatchObject({ status: 'False', reason: 'Unanswered' })
      expect(gatewayAccepted.prove(given).state).toBe('Failing')
    }
  })

  it('is believed although another controller says that it is none of its own', () => {
    const there = served(world())
    const route = there.get('HTTPRoute/orders-api') ?? expect.fail()
    const { parents: ours } = route['status'] as { parents: object[] }
    const { parents: theirs } = gatewayStatus(route, [gives('Accepted', 'NoMatchingParent')], 'other') as {
      parents: object[]
    }
    const both = { ...route, status: { parents: [...theirs, ...ours] } }
    const given = world({}, { children: new Map([...there, ['HTTPRoute/orders-api', both]]) })
    expect(gateway.verdict(given)).toMatchObject({ status: 'True', reason: 'Accepted' })
  })

  it('does not take the policy of the limit', () => {
    const asked = world({ provider: 'EnvoyGateway' })
    const there = served(asked)
    const policy = there.get('BackendTrafficPolicy/orders-api') ?? expect.fail()
    const saying = (status: object | undefined) =>
      world(
        { provider: 'EnvoyGateway' },
        { children: new Map([...there, ['BackendTrafficPolicy/orders-api', { ...policy, status }]]) },
      )
    const refused = saying(gatewayStatus(policy, [gives('Accepted', 'Invalid', 'not so')]))
    expect(gateway.verdict(refused)).toMatchObject({
      reason: 'PolicyNotAccepted',
      message: expect.stringMatching(
        /BackendTrafficPolicy orders-api is not taken: Invalid: not so/,
      ) as string,
    })
    expect(gateway.verdict(saying(undefined)).reason).toBe('Unanswered')
    expect(gateway.verdict(saying(gatewayStatus(policy))).reason).toBe('Accepted')
    expect(gatewayAccepted.prove(refused).state).toBe('Failing')
  })

  /** The route was written so long ago, and the gateway knows the one before; the condition is of the generation. */
  function healed(agoMs: number, generation: number, status?: object | 'outdated'): Snapshot {
    const there = served(world())
    const route = there.get('HTTPRoute/orders-api') ?? expect.fail()
    const ago = (ms: number) => new Date(NOW.getTime() - ms).toISOString()
    const managedFields: ObjectMeta['managedFields'] = [
      { manager: 'someone', operation: 'Update', time: ago(86_400_000) },
      { manager: 'batchsender', operation: 'Apply', time: ago(agoMs) },
      { manager: 'gateway', operation: 'Update', subresource: 'status', time: ago(0) },
    ]
    const earlier = { ...gives('Accepted', 'Accepted', '', 'True'), observedGeneration: 1 }
    const live = {
      ...route,
      metadata: { ...route.metadata, managedFields },
      status: status === 'outdated' ? gatewayStatus(route, [earlier]) : status,
    }
    const given = world({}, { children: new Map([...there, ['HTTPRoute/orders-api', live]]) })
    const condition = {
      type: 'GatewayReady',
      status: 'True',
      reason: 'Accepted',
      observedGeneration: generation,
    }
    const proven = { name: 'gateway', state: 'Proven', message: 'as before', since: '2026-11-23T00:00:00Z' }
    const told = { conditions: [condition], checks: [proven] } as unknown as BatchSenderStatus
    return { ...given, sender: { ...given.sender, status: told } }
  }
  const mine = world().sender.generation

  it.each([['outdated'], [undefined]] as const)(
    'has not come to what was healed (%s) stays True for a minute, and no longer',
    (status) => {
      expect(gateway.verdict(healed(10_000, mine, status))).toMatchObject({
        status: 'True',
        reason: 'Accepted',
        lookAgainMs: 50_000,
      })
      expect(gatewayAccepted.prove(healed(10_000, mine, status))).toMatchObject({
        state: 'Proven',
        lookAgainMs: 50_000,
      })
      for (const ms of [60_000, 86_400_000, -3_600_000]) {
        expect(gateway.verdict(healed(ms, mine, status))).toMatchObject({
          status: 'False',
          reason: 'Unanswered',
        })
        expect(gatewayAccepted.prove(healed(ms, mine, status)).state).toBe('Failing')
      }
    },
  )

  it('has not come to a new spec is not ready, and what was proven stands for a minute', () => {
    const before = healed(10_000, mine - 1, 'outdated')
    expect(gateway.verdict(before)).toMatchObject({ reason: 'Unanswered', lookAgainMs: 50_000 })
    expect(gatewayAccepted.prove(before)).toEqual({
      state: 'Proven',
      message: 'as before',
      lookAgainMs: 50_000,
    })
    expect(gatewayAccepted.prove(healed(60_000, mine - 1, 'outdated')).state).toBe('Failing')
    expect(gatewayAccepted.prove({ ...before, sender: world().sender }).state).toBe('Unknown')
  })

  it('hides the addresses of clients is told of', () => {
    const from = { pods: [{ podSelector: { matchLabels: { app: 'traefik' } } }] }
    const there = served(world({ from }))
    expect(gateway.verdict(world({ from }, { children: there })).message).toMatch(
      /every client has the address of the gateway/,
    )
    const http = { ...SPEC.worker.http, trustedProxies: ['10.0.0.0/8'] }
    const worker = { ...SPEC.worker, http }
    expect(gateway.verdict(world({ from }, { children: there }, { worker })).message).not.toMatch(
      /every client has/,
    )
  })
})
