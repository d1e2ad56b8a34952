/** What the documents tell people to do in a cluster, done there as it is written: with its pods, volumes and garbage collector. */
import { randomUUID } from 'node:crypto'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Shell } from '../docs/shell.ts'
import { script } from '../cluster/cluster.ts'
import { repositoryDir, stateDir } from '../cluster/paths.ts'
import { arrivals, createBatch, readBatch, recipientsOf, sendAndAccount, untilEnded } from '../demo/mail.ts'
import { conditionOf } from '../demo/readiness.ts'
import { postgresUrl } from '../demo/surroundings.ts'
import { procedure } from '../docs/procedures.ts'
import { openShell } from '../docs/shell.ts'
import { imageText } from '../../crds/release.ts'
import { standinImages } from '../images/images.ts'
import { batchSender, Environment, expectContract, FROM_HERE, NAME } from './environment.ts'
import { eventually } from './eventually.ts'

const NAMESPACE = 'e2e-procedures'
const KEYS = ['orders-nats-data-key', 'orders-nats-data-key-copy']
const spec = {
  nats: { managed: { replicas: 1, storage: { size: '1Gi' }, encryption: { enabled: true } } },
}
let here: Environment
let reader: Shell

beforeAll(async () => {
  here = await Environment.start(NAMESPACE, { spec })
  const { kubectl, kubeconfig } = here.cluster
  reader = await openShell({ kubectl, kubeconfig, namespace: NAMESPACE })
})
afterAll(async () => {
  expectContract(here.statuses)
  await reader.close()
  await here.stop()
})

const untilReason = (type: string, reason: string) =>
  eventually(`${type} ${reason}`, async () => {
    const found = conditionOf(await here.sender(), type)
    return found?.reason === reason ? found : undefined
  })

const untilProven = (check: string) =>
  eventually(`${check} is proven`, async () => {
    const { checks } = (await here.sender()).status
    return checks?.find(({ name }) => name === check)?.state === 'Proven' ? true : undefined
  })

const dataOf = async (secret: string, key: string) =>
  ((await here.get('secret', secret))?.['data'] as Readonly<Record<string, string>> | undefined)?.[key]

async function sendsMail(): Promise<void> {
  expect(await sendAndAccount(await here.endpoints(), 20)).toMatchObject({ distinct: 20, duplicates: 0 })
}

const untilNotStalled = () =>
  eventually('no stall', async () =>
    conditionOf(await here.sender(), 'Stalled') === undefined ? true : undefined,
  )

describe('a look at a BatchSender', () => {
  const here = { '-n mail': `-n ${NAMESPACE}` }

  it('waits for it, and tells which checks are open', async () => {
    await reader.run(procedure('docs/production.md#wait').with(here).text)
    const open = await reader.run(procedure('docs/production.md#open-checks').with(here).text)
    expect(open).toMatch(/^backup-fresh: NotConfigured /m)
    expect(open).not.toContain('nats-tls-adopted')
  })

  it('tells what the object says itself', async () => {
    const told = await reader.run(procedure('docs/troubleshooting.md#what-it-says').with(here).text)
    expect(told).toMatch(/^orders +True /m)
    expect(told).toMatch(/^Ready=True /m)
    expect(told).toMatch(/ Normal +\w+ +BatchSender\/orders /)
  })
})

describe('a token', () => {
  const statusFor = async (token: string) => {
    const { apiUrl } = await here.endpoints()
    return (await fetch(`${apiUrl}/v1/batches`, { headers: { authorization: `Bearer ${token}` } })).status
  }
  const until = (token: string, status: number) =>
    eventually(`${status} for the token`, async () =>
      (await statusFor(token)) === status ? true : undefined,
    )

  it('is put beside another, and taken away', async () => {
    const { apiToken } = await here.endpoints()
    const token = await reader.run(`${procedure('docs/http.md#add-token').text}printf %s "$token"`)
    const added = token.split('\n').at(-1) ?? ''
    await until(added, 200)
    await reader.run(procedure('docs/http.md#withdraw-token').with({ '/data/shop': '/data/shop-2' }).text)
    await until(added, 401)
    expect(await statusFor(apiToken)).toBe(200)
  })
})

describe('the key of the volumes', () => {
  async function loseBoth(): Promise<string | undefined> {
    const key = await dataOf(KEYS[0] ?? '', 'data.key')
    await reader.run(procedure('docs/ownership.md#suspend').text)
    await untilReason('Suspended', 'Suspended')
    await here.kubectl('delete', 'secret', ...KEYS)
    await reader.run(procedure('docs/ownership.md#resume').text)
    await untilReason('NatsReady', 'KeyLost')
    return key
  }

  it('is read from a pod that still runs', async () => {
    const key = await loseBoth()
    const { image } = await standinImages()
    await reader.run(procedure('docs/encryption.md#key-from-pod').with({ busybox: imageText(image) }).text)
    for (const secret of KEYS)
      await eventually(`${secret} holds the key`, async () =>
        (await dataOf(secret, 'data.key')) === key ? true : undefined,
      )
    await here.untilReady()
    await sendsMail()
  })

  it('is made anew when nothing is left and the volumes are given up', async () => {
    const key = await loseBoth()
    await reader.run(procedure('docs/encryption.md#give-up-volumes').text)
    await eventually('another key', async () => {
      const present = await dataOf(KEYS[0] ?? '', 'data.key')
      return present !== undefined && present !== key ? true : undefined
    })
    // The key is there before the status says so.
    await untilNotStalled()
    await here.untilReady()
    await sendsMail()
  })
})

describe('certificates', () => {
  it.each([
    ['one alone', procedure('docs/certificates.md#renew-now'), 'orders-nats-server'],
    ['all with their CA', procedure('docs/certificates.md#replace-own-ca'), 'orders-nats-ca'],
  ])('are made anew: %s', async (_, commands, secret) => {
    await untilProven('nats-tls-adopted')
    const [before, server] = [await dataOf(secret, 'tls.key'), await dataOf('orders-nats-server', 'tls.crt')]
    await reader.run(commands.text)
    await eventually('another key', async () => {
      const present = await dataOf(secret, 'tls.key')
      return present !== undefined && present !== before ? true : undefined
    })
    await eventually('another certificate of the servers', async () => {
      const present = await dataOf('orders-nats-server', 'tls.crt')
      return present !== undefined && present !== server ? true : undefined
    })
    await untilProven('nats-tls-adopted')
    await here.untilReady()
    await sendsMail()
  })
})

describe('a restore of PostgreSQL from before the last hour', () => {
  const follow = async (reference: Parameters<typeof procedure>[0], BATCH = '') => {
    const { apiUrl, apiToken } = await here.endpoints()
    return reader.run(procedure(reference).text, { API_URL: apiUrl, API_TOKEN: apiToken, BATCH })
  }
  const stopSending = () => reader.run(procedure('docs/postgres.md#stop-sending').text)
  const apiAlone = () => reader.run(procedure('docs/postgres.md#api-without-sending').text)
  const goOn = async () => {
    await reader.run(procedure('docs/postgres.md#go-on-sending').text)
    await here.untilReady()
  }

  /** As a copy of its disk, while nobody runs on it. */
  async function copyDisk(direction: 'away' | 'back'): Promise<void> {
    const volume = await here.kubectl('get', 'pvc', 'postgres', '-o', 'jsonpath={.spec.volumeName}')
    const [disk, copy] = ['', '-copy'].map((end) => `'${stateDir}/run/volumes/${volume}${end}'`)
    const [from, to] = direction === 'away' ? [disk, copy] : [copy, disk]
    await here.kubectl('scale', 'deployment/postgres', '--replicas=0')
    await here.kubectl('wait', '--for=delete', 'pod', '-l', 'app=postgres', '--timeout=60s')
    // What was made since must not stay beside what is put back.
    const cleared = `mkdir -p ${to} && find ${to} -mindepth 1 -delete`
    await script('exec', 'sh', '-c', `${cleared} && cp -a ${from}/. ${to}/`)
    await here.kubectl('scale', 'deployment/postgres', '--replicas=1')
    await here.kubectl('rollout', 'status', 'deployment/postgres', '--timeout=120s')
  }

  it('sends nothing twice that was sent since', async () => {
    const run = `r${randomUUID().slice(0, 8)}`
    await stopSending()
    await apiAlone()
    const { id } = await createBatch(await here.endpoints(), recipientsOf(30, run))
    await eventually('the batch is under way', async () =>
      (await readBatch(await here.endpoints(), id)).state === 'running' ? true : undefined,
    )
    await copyDisk('away')
    await goOn()
    await untilEnded(await here.endpoints(), id, Date.now() + 120_000)

    await stopSending()
    await copyDisk('back')
    await apiAlone()
    const listed = JSON.parse(await follow('docs/postgres.md#batches-under-way')) as {
      items: { id: string }[]
    }
    expect(listed.items.map((batch) => batch.id)).toEqual([id])
    await follow('docs/postgres.md#cancel-batch', id)
    await goOn()
    await sendsMail()
    const counts = [...(await arrivals(await here.endpoints(), run)).values()]
    expect([counts.length, Math.max(...counts)]).toEqual([30, 1])
  })
})

describe('children that lost their owner', () => {
  it('are taken back as they are, and no pod is started anew', async () => {
    await here.untilReady()
    const before = await eventually('that no pod is on its way out', async () =>
      (await here.endingPods()) === 0 ? here.pods() : undefined,
    )
    await here.kubectl('delete', 'batchsender', NAME, '--cascade=orphan')
    await here.apply(batchSender(NAMESPACE, spec))
    const told = await untilReason('Stalled', 'NameConflict')
    expect(told.message).toContain('batchsender.io/adoptOrphans=true')
    await reader.run(procedure('docs/ownership.md#adopt-orphans').text)
    await untilNotStalled()
    await here.untilReady()
    expect(await here.pods()).toEqual(before)
    await sendsMail()
  })
})

describe('the first BatchSender of README.md', () => {
  it('comes up from what is written there, and sends a mail', async () => {
    const password = Buffer.from((await dataOf('postgres-superuser', 'password')) ?? '', 'base64').toString()
    await here.kubectl('delete', 'batchsender', NAME)
    await here.kubectl('delete', 'secret', 'api-tokens', 'postgres')
    const manifest = join(reader.dir, 'minimal.yaml')
    await writeFile(manifest, await sampleForHere())
    const commands = procedure('README.md#first-sender').with({
      '-n mail': `-n ${NAMESPACE}`,
      'config/samples/minimal.yaml': manifest,
      'postgres://user:password@db.example.com:5432/mails?sslmode=verify-full': postgresUrl(
        `postgres.${NAMESPACE}.svc.cluster.local`,
        password,
      ),
    })
    const output = await reader.run(`${commands.text}\nprintf '\\n%s' "$token"`)
    const API_TOKEN = output.split('\n').at(-1) ?? ''

    const forward = procedure('README.md#port-forward').with({
      '-n mail': `-n ${NAMESPACE}`,
      '8080:80': ':80',
    })
    const { API_URL, stop } = await forwarded(forward.text)
    try {
      const sent = await reader.run(procedure('README.md#send-batch').text, { API_URL, API_TOKEN })
      const { id } = JSON.parse(sent) as { id: string }
      const endpoints = { apiUrl: API_URL, apiToken: API_TOKEN, sinkUrl: '' }
      expect(await untilEnded(endpoints, id, Date.now() + 60_000)).toMatchObject({ state: 'completed' })
    } finally {
      stop()
    }
  })

  /** With the addresses of this cluster, which has neither TLS nor names at the mail sink. */
  async function sampleForHere(): Promise<string> {
    const text = await readFile(join(repositoryDir, 'config/samples/minimal.yaml'), 'utf8')
    const sample = parse(text) as ReturnType<typeof batchSender>
    const { worker, network } = batchSender(NAMESPACE).spec
    const provider = worker.provider
    return JSON.stringify({
      ...sample,
      spec: {
        ...sample.spec,
        worker: { ...sample.spec.worker, provider },
        // The volume of the one before is taken up, and was written with a key.
        ...spec,
        network: { ...network, clients: [FROM_HERE] },
      },
    })
  }

  /** @returns the address that it prints */
  async function forwarded(command: string) {
    const { kubectl, kubeconfig } = here.cluster
    const program = spawn('sh', ['-c', `exec ${command.replace('kubectl', `'${kubectl}'`)}`], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    program.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    const [, port = ''] = await eventually('an address', () =>
      Promise.resolve(/127\.0\.0\.1:(\d+) -> /.exec(output) ?? undefined),
    )
    return { API_URL: `http://127.0.0.1:${port}`, stop: () => program.kill() }
  }
})
