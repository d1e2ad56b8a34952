/**
 * `spec.gateway` with the real Traefik and a real worker: what the operator writes, what Traefik answers to it, and what
 * arrives of a request. No kubelet runs here: the worker is a process of this test, which also says where it is, as the
 * controllers of a cluster would.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gatewayApiDefinitions, traefikDefinitions } from '../../hack/servers/gatewayDefinitions.ts'
import { loopbackCertificate } from '../../hack/servers/loopbackCertificate.ts'
import { ownAddress } from '../../hack/servers/ownAddress.ts'
import { gatewayClass, startTraefik, type TraefikServer } from '../../hack/servers/traefik.ts'
import { startRig, TOKEN, type Rig, type WorkerProcess } from '../../worker/test/rig.ts'
import { until } from '../../worker/test/until.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { condition, Harness } from './harness.ts'
import { rawRequest, type Asked } from './rawRequest.ts'

const HOST = 'mail.example.com'
const KEY = 'k'.repeat(32)
const SECRET = `whsec_${randomBytes(24).toString('base64')}`
const PER_SECOND = 2
/** Stands before the gateway. */
const PROXY = '127.0.0.99'
/** More than are let through at once. */
const BURST = 20

const cluster = new Harness()
let rig: Rig
let worker: WorkerProcess
let traefik: TraefikServer
let own: string
let files: string

beforeAll(async () => {
  const started = await Promise.all([
    startRig(),
    ownAddress(),
    mkdtemp(join(tmpdir(), 'batchsender-gateway-')),
    cluster.start(),
  ])
  ;[rig, own, files] = started
  await cluster.newNamespace()
})
afterAll(async () => {
  await traefik.kill()
  await cluster.stop()
  await rig.stop()
  await rm(files, { recursive: true, force: true })
})

const apply = (...objects: readonly object[]) =>
  cluster.kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'))
const edit = (gateway: object | null) =>
  cluster.api.patch(
    { kind: 'batchsender', namespace: cluster.namespace, name: 'orders' },
    { spec: { gateway } },
  )
const check = async () => (await cluster.status()).checks?.find(({ name }) => name === 'gateway')
const untilCheck = (state: string) =>
  cluster.eventually(`gateway ${state}`, async () => {
    const found = await check()
    return found?.state === state ? found : undefined
  })
const untilGone = (kind: string, name: string) =>
  cluster.eventually(`no ${kind} ${name}`, async () =>
    (await cluster.get(kind, name)) === undefined ? true : undefined,
  )

/** Through the gateway. */
const ask = (asked: Asked) =>
  rawRequest(traefik.port, { ...asked, headers: { host: HOST, ...asked.headers } })
const authorized = { authorization: `Bearer ${TOKEN}` }
const json = { ...authorized, 'content-type': 'application/json' }
/** It has been there and back: the worker gives every answer an id. */
const isOfWorker = ({ headers }: { headers: object }) => 'x-request-id' in headers

const gatewayOf = (name: string, from: 'All' | 'Same') => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace: 'gateways' },
  spec: {
    gatewayClassName: 'traefik',
    listeners: [
      { name: 'web', protocol: 'HTTP', port: traefik.port, allowedRoutes: { namespaces: { from } } },
    ],
  },
})

/** Where the worker is, as the controller of EndpointSlices would say it. */
const endpoints = () => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'orders-worker-1',
    namespace: cluster.namespace,
    labels: { 'kubernetes.io/service-name': 'orders-worker' },
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: [own], conditions: { ready: true } }],
  ports: [{ name: 'http', port: Number(new URL(worker.api).port), protocol: 'TCP' }],
})

/** The worker as the operator's Deployment sets it, as far as the gateway has a say in it. */
async function startWorker(): Promise<WorkerProcess> {
  const deployment = await cluster.eventually('the Deployment', () =>
    cluster.get('deployment', 'orders-worker'),
  )
  const { template } = deployment['spec'] as {
    template: { spec: { containers: { env: { name: string; value?: string }[] }[] } }
  }
  const trusted = template.spec.containers[0]?.env.find(({ name }) => name === 'TRUSTED_PROXIES')?.value
  const webhooks = join(files, 'webhooks')
  await mkdir(webhooks)
  await writeFile(join(webhooks, '0'), SECRET)
  await writeFile(join(files, 'key'), KEY)
  return rig.worker({
    ...(trusted !== undefined && { trustedProxies: trusted.split(',') }),
    resendWebhookSecretsDir: webhooks,
    unsubscribeBaseUrl: `https://${HOST}/mails`,
    unsubscribeKeyFile: join(files, 'key'),
  })
}

describe('the routes', () => {
  it('wait for their kinds, which are noticed when they come, and then for an answer', async () => {
    await cluster.applySecrets()
    await cluster.apply(cluster.secret('resend', { apiKey: 're_x' }))
    await cluster.apply(cluster.secret('webhook', { webhookSecret: SECRET }))
    await cluster.apply(cluster.secret('unsubscribe', { key: KEY }))
    await cluster.apply(
      cluster.batchSender({
        worker: {
          provider: {
            resend: { credentialsSecretRef: { name: 'resend' }, webhookSecretRefs: [{ name: 'webhook' }] },
          },
          http: { tokensSecretRef: { name: 'api-tokens' } },
          unsubscribe: { baseUrl: `https://${HOST}/mails`, keySecretRef: { name: 'unsubscribe' } },
        },
        gateway: {
          provider: 'Traefik',
          parentRef: { name: 'public', namespace: 'gateways', sectionName: 'web' },
          hostnames: [HOST],
          from: { addresses: [`${own}/32`] },
          rateLimit: { requestsPerSecond: PER_SECOND },
        },
      }),
    )
    await cluster.completeMigration()
    const { message } = await cluster.untilCondition('GatewayReady', 'False', 'NotInstalled')
    expect(message).toMatch(/no Middleware .* and no HTTPRoute/)
    expect(condition(await cluster.status(), 'Ready')?.status).not.toBe('True')

    for (const definition of [...(await gatewayApiDefinitions()), ...(await traefikDefinitions())])
      await cluster.api.apply(definition)
    await cluster.untilCondition('GatewayReady', 'False', 'Unanswered')
    expect((await check())?.state).toBe('Failing')
    expect(await cluster.get('httproute', 'orders-api')).toBeDefined()
  })

  it('are accepted by Traefik, and lead to the workers', async () => {
    await cluster.kubectl(['create', 'namespace', 'gateways'])
    ;[worker, traefik] = await Promise.all([startWorker(), startTraefik(cluster.plane.kubeconfig, PROXY)])
    await apply(
      endpoints(),
      gatewayClass('traefik'),
      gatewayOf('public', 'All'),
      gatewayOf('private', 'Same'),
    )
    const { message } = await cluster.untilCondition('GatewayReady', 'True', 'Accepted')
    expect(message).toBe(
      `Gateway gateways/public (listener web) leads ${HOST} to the workers; limited by Middleware orders-api`,
    )
    await untilCheck('Proven')
    const page = await until(() => ask({ path: '/docs/' }), isOfWorker, traefik.log)
    expect(page.status).toBe(200)
    expect((await ask({ path: '/v1/batches', headers: authorized })).status).toBe(200)
  })
})

describe('through the gateway', () => {
  const flood = (asked: Asked) => Promise.all(Array.from({ length: BURST }, () => ask(asked)))

  it('a client that asks too often gets 429 from the gateway, whomever it claims to be; others do not', async () => {
    const from = '127.0.0.11'
    const refused = await until(
      async () => (await flood({ path: '/v1/batches', from, headers: authorized })).filter(is429),
      ({ length }) => length > 0,
    )
    expect(refused.filter(isOfWorker)).toEqual([])
    expect(refused[0]?.headers['retry-after']).toBeDefined()
    const claims = await until(
      async () =>
        (
          await Promise.all(
            Array.from({ length: BURST }, (_, index) =>
              ask({
                path: '/v1/batches',
                from,
                headers: { ...authorized, 'x-forwarded-for': `203.0.113.${index}` },
              }),
            ),
          )
        ).filter(is429),
      ({ length }) => length > 0,
    )
    expect(claims.filter(isOfWorker)).toEqual([])
    expect((await ask({ path: '/v1/batches', from: '127.0.0.12', headers: authorized })).status).toBe(200)
  })

  const is429 = ({ status }: { status: number }) => status === 429

  it('webhooks are not limited: forged ones get 401, each of them, and a true one is taken', async () => {
    const forged = {
      'content-type': 'application/json',
      'svix-id': 'm',
      'svix-timestamp': '1',
      'svix-signature': 'v1,x',
    }
    const asked = {
      path: '/webhooks/resend',
      method: 'POST',
      from: '127.0.0.11',
      headers: forged,
      body: '{}',
    }
    const answers = await flood(asked)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
    expect(answers.every(isOfWorker)).toBe(true)

    const id = `msg_${randomBytes(8).toString('hex')}`
    const timestamp = String(Math.floor(Date.now() / 1_000))
    const body = JSON.stringify({ type: 'contact.created', created_at: '2026-11-23T12:00:00Z', data: {} })
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    const signed = { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': `v1,${signature}` }
    expect((await ask({ ...asked, headers: { ...forged, ...signed }, body })).status).toBe(200)
  })

  it('a body as large as the workers take arrives, and a larger one gets their 413', async () => {
    const batch = (name: string, count: number) =>
      JSON.stringify({
        from: 'Sender <sender@example.org>',
        subject: 'Hello',
        text: 'Hello {{name}}',
        dryRun: true,
        recipients: Array.from({ length: count }, (_, index) => ({
          address: `r${index}@example.org`,
          variables: { name },
        })),
      })
    const post = (body: string, from: string) =>
      ask({ path: '/v1/batches', method: 'POST', from, headers: json, body })
    const large = batch('N'.repeat(900), 10_000)
    expect(large.length).toBeGreaterThan(9_400_000)
    expect((await post(large, '127.0.0.21')).status).toBe(200)
    const larger = await post(batch('N'.repeat(1_100), 10_000), '127.0.0.22')
    expect([larger.status, isOfWorker(larger)]).toEqual([413, true])
  })

  it('rows of a campaign are taken while the request goes on', async () => {
    const opened = await ask({
      path: '/v1/batches',
      method: 'POST',
      from: '127.0.0.31',
      headers: { ...json, 'idempotency-key': 'campaign' },
      body: JSON.stringify({
        ...{ state: 'open', from: 'Sender <sender@example.org>', subject: 'Hello', text: 'Hello' },
      }),
    })
    expect(opened.status).toBe(202)
    const { id } = JSON.parse(opened.text) as { id: string }
    const row = (index: number) => `${JSON.stringify({ address: `r${index}@example.org` })}\n`
    const rows = (first: number, count: number) =>
      Array.from({ length: count }, (_, index) => row(first + index)).join('')
    const body = new PassThrough()
    body.write(rows(0, 6_000))
    const uploaded = ask({
      path: `/v1/batches/${id}/recipients`,
      method: 'POST',
      from: '127.0.0.32',
      headers: { ...authorized, 'content-type': 'application/x-ndjson' },
      body,
    })
    await until(
      () => worker.batch(id),
      ({ recipients }) => recipients >= 4_000,
      worker.log,
    )
    body.end(row(6_000))
    const answer = await uploaded
    expect([answer.status, answer.headers['upload-offset']]).toEqual([200, '6001'])
  })

  it('the audit log has the address of the client, whatever it claims', async () => {
    const asked = { path: '/v1/suppressions', headers: { authorization: 'Bearer not-a-token' } }
    const claims = { ...asked.headers, 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' }
    expect((await ask({ ...asked, from: '127.0.0.41' })).status).toBe(401)
    expect(
      (await ask({ ...asked, from: '127.0.0.42', headers: { ...claims, 'x-real-ip': '203.0.113.9' } }))
        .status,
    ).toBe(401)
    // Past the gateway nobody is believed who is not it.
    await fetch(`${worker.api}${asked.path}`, { headers: claims })
    const addresses = await until(
      async () => {
        const answer = await worker.get('/v1/audit?action=access.refused&limit=100')
        const { items } = (await answer.json()) as { items: { ip: string; resource: string }[] }
        return items.filter(({ resource }) => resource === asked.path).map(({ ip }) => ip)
      },
      ({ length }) => length >= 3,
      worker.log,
    )
    expect([...addresses].sort()).toEqual(['127.0.0.1', '127.0.0.41', '127.0.0.42'])
  })

  it('links to unsubscribe arrive without the path of their base', async () => {
    const path = '/u/not-a-token'
    const direct = await fetch(`${worker.api}${path}`)
    const through = await ask({ path: `/mails${path}` })
    expect(isOfWorker(through)).toBe(true)
    expect([through.status, through.headers['content-type']]).toEqual([
      direct.status,
      direct.headers.get('content-type'),
    ])
  })

  it.each([
    '/metrics',
    '/evidence',
    '/readyz',
    '/livez',
    '/v1/../metrics',
    '/webhooks/ses',
    '/u/not-a-token',
    '/',
  ])('%s leads nowhere', async (path) => {
    const answer = await ask({ path })
    expect([answer.status, isOfWorker(answer)]).toEqual([404, false])
  })

  it('no other host leads to the workers', async () => {
    const answer = await ask({ path: '/v1/batches', headers: { ...authorized, host: 'other.example.com' } })
    expect([answer.status, isOfWorker(answer)]).toEqual([404, false])
  })

  it('a client is known behind a proxy that the gateway trusts', async () => {
    await edit({ rateLimit: { proxiesInFront: 1 } })
    const behind = (client: string) => ({
      ...{ path: '/v1/batches', from: PROXY, headers: { ...authorized, 'x-forwarded-for': client } },
    })
    const seen = await until(
      async () => {
        const refused = (await flood(behind('203.0.113.1'))).some(is429)
        return { refused, other: (await ask(behind('203.0.113.2'))).status }
      },
      ({ refused, other }) => refused && other === 200,
    )
    expect(seen).toEqual({ refused: true, other: 200 })
    await edit({ rateLimit: { proxiesInFront: null } })
  })
})

describe('what the Gateway says', () => {
  it('is told: a listener that does not allow our namespace, one that there is not, and back', async () => {
    await edit({ parentRef: { name: 'private' } })
    const { message } = await cluster.untilCondition('GatewayReady', 'False', 'NotAccepted')
    expect(message).toMatch(
      /^Gateway gateways\/private \(listener web\) does not take HTTPRoute orders-api: NotAllowedByListeners/,
    )
    expect((await untilCheck('Failing')).message).toBe(message)
    await edit({ parentRef: { name: 'public', sectionName: 'nowhere' } })
    await cluster.eventually('no such listener', async () => {
      const found = condition(await cluster.status(), 'GatewayReady')
      return found?.message.includes('NoMatchingParent') === true ? true : undefined
    })
    await edit({ parentRef: { sectionName: 'web' } })
    await cluster.untilCondition('GatewayReady', 'True', 'Accepted')
    await untilCheck('Proven')
  })

  it('holds for the listener that is named: with its certificate, and at no other', async () => {
    const { ca, cert, key } = await loopbackCertificate()
    const secret = {
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls' },
      metadata: { name: 'localhost', namespace: 'gateways' },
      stringData: { 'tls.crt': cert, 'tls.key': key },
    }
    const listener = {
      ...{ name: 'https', protocol: 'HTTPS', port: traefik.tlsPort },
      allowedRoutes: { namespaces: { from: 'All' } },
      tls: { certificateRefs: [{ name: 'localhost' }] },
    }
    const { spec, ...rest } = gatewayOf('public', 'All')
    await apply(secret, { ...rest, spec: { ...spec, listeners: [...spec.listeners, listener] } })
    await edit({ hostnames: ['localhost'], parentRef: { sectionName: 'https' } })
    const asked = { path: '/docs/', headers: { host: 'localhost' }, ca }
    const page = await until(() => rawRequest(traefik.tlsPort, asked), isOfWorker, traefik.log)
    expect(page.status).toBe(200)
    await cluster.untilCondition('GatewayReady', 'True', 'Accepted')
    const plain = await rawRequest(traefik.port, { path: '/docs/', headers: { host: 'localhost' } })
    expect([plain.status, isOfWorker(plain)]).toEqual([404, false])
    await edit({ hostnames: [HOST], parentRef: { sectionName: 'web' } })
    await cluster.untilCondition('GatewayReady', 'True', 'Accepted')
  })

  it('is told when nothing is behind the Service', async () => {
    await cluster.inNamespace(['delete', 'endpointslice', 'orders-worker-1'])
    const { message } = await cluster.untilCondition('GatewayReady', 'False', 'RefsNotResolved')
    expect(message).toMatch(/BackendNotFound/)
    await apply(endpoints())
    await cluster.untilCondition('GatewayReady', 'True', 'Accepted')
  })
})

describe('by hand', () => {
  it('a route that is removed turns the check red until the Gateway has taken another one', async () => {
    const before = (await cluster.get('httproute', 'orders-api'))?.metadata.uid
    await traefik.kill()
    await cluster.inNamespace(['delete', 'httproute', 'orders-api'])
    const { message } = await untilCheck('Failing')
    expect(message).toMatch(/HTTPRoute orders-api/)
    const healed = await cluster.eventually('another route', () => cluster.get('httproute', 'orders-api'))
    expect(healed.metadata.uid).not.toBe(before)
    await cluster.untilCondition('GatewayReady', 'False', 'Unanswered')
    await traefik.start()
    await untilCheck('Proven')
    await until(() => ask({ path: '/openapi.json', from: '127.0.0.51' }), isOfWorker, traefik.log)
  })

  it('another limit is put back, and nothing is written afterwards', async () => {
    const limitOf = (limit?: KubernetesObject) =>
      (limit?.['spec'] as { rateLimit: { average: number } } | undefined)?.rateLimit.average
    await cluster.api.patch(
      { kind: 'middleware', namespace: cluster.namespace, name: 'orders-api' },
      { spec: { rateLimit: { average: 999 } } },
    )
    await cluster.eventually('the limit', async () =>
      limitOf(await cluster.get('middleware', 'orders-api')) === PER_SECOND ? true : undefined,
    )
    await cluster.settled()
    const ofGateway = async () =>
      (await cluster.operatorWrites()).filter((write) => /httproutes|middlewares/.test(write)).length
    const before = await ofGateway()
    await cluster.hurry()
    await cluster.settled()
    expect(await ofGateway()).toBe(before)
  })

  it('a route of somebody else is left alone', async () => {
    const spec = {
      hostnames: ['theirs.example.com'],
      parentRefs: [{ name: 'public', namespace: 'gateways' }],
    }
    const theirs = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'letters-api', namespace: cluster.namespace },
      spec,
    }
    await apply(theirs)
    const gateway = {
      parentRef: { name: 'public', namespace: 'gateways' },
      hostnames: ['letters.example.com'],
      from: { addresses: [`${own}/32`] },
    }
    await cluster.apply(cluster.batchSender({ gateway }, 'letters'))
    const told = await cluster.eventually('the conflict', async () => {
      const found = condition(await cluster.status('letters'), 'GatewayReady')
      return found?.reason === 'NameConflict' ? found : undefined
    })
    expect(told.message).toMatch(/HTTPRoute letters-api belongs to/)
    expect((await cluster.get('httproute', 'letters-api'))?.['spec']).toMatchObject(spec)
    await cluster.inNamespace(['delete', 'batchsender', 'letters'])
  })
})

it('goes with the wish for it, the limit too', async () => {
  await edit(null)
  await Promise.all([
    untilGone('httproute', 'orders-api'),
    untilGone('httproute', 'orders-callbacks'),
    untilGone('middleware', 'orders-api'),
  ])
  await cluster.untilCondition('GatewayReady', 'True', 'NotConfigured')
  expect((await untilCheck('NotConfigured')).message).toBe('spec.gateway is not set')
  const answer = await until(
    () => ask({ path: '/v1/batches', from: '127.0.0.61', headers: authorized }),
    ({ status }) => status === 404,
  )
  expect(isOfWorker(answer)).toBe(false)
})
