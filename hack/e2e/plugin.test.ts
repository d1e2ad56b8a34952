/** `kubectl batchsender` as it is packed, by way of kubectl, at a BatchSender with archive and backups: every verb. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { RELEASE } from '../../crds/release.ts'
import type { Sealed } from '../../operator/plugin/seal/seal.ts'
import { authority } from '../../operator/src/testing/certificates.ts'
import { opened } from '../../operator/src/testing/sealed.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { procedure } from '../docs/procedures.ts'
import { openShell, type Shell } from '../docs/shell.ts'
import { DataSite } from './dataSite.ts'
import { expectContract, type Environment } from './environment.ts'
import { eventually } from './eventually.ts'

const NAMESPACE = 'e2e-plugin'
let site: DataSite
let here: Environment
let shell: Shell
let bin: string
let path: string

beforeAll(async () => {
  site = await DataSite.open(NAMESPACE)
  here = site.here
  const { kubectl, kubeconfig } = here.cluster
  shell = await openShell({ kubectl, kubeconfig, namespace: NAMESPACE })
  bin = await mkdtemp(join(tmpdir(), 'batchsender-plugin-'))
  path = [bin, dirname(kubectl), process.env['PATH'] ?? ''].join(':')
})
afterAll(async () => {
  expectContract(here.statuses)
  await shell.close()
  await rm(bin, { recursive: true, force: true })
  await site.close()
})

const run = (command: string) => shell.run(command, { PATH: path })
const batchsender = (command: string) => run(`kubectl batchsender ${command}`)

it('is built, installed and found by kubectl as its page says', async () => {
  const { text } = procedure('docs/plugin.md#install').with({
    'make plugin': `make -C ${repositoryDir} plugin`,
    'dist/plugin': join(repositoryDir, 'dist/plugin'),
    '/usr/local/bin': bin,
  })
  expect(await run(text)).toContain(`kubectl-batchsender ${RELEASE.version}`)
  expect(await run('kubectl plugin list')).toContain(join(bin, 'kubectl-batchsender'))
  expect(await run('kubectl __complete batchsender stat')).toMatch(/^status\t/)
  expect(await run('kubectl __complete batchsender status or')).toMatch(/^orders\n/)
})

it('backup makes one and waits until it is at the destination', async () => {
  await site.untilTables()
  await site.fill(3_000)
  expect(await batchsender('backup orders --wait --timeout 5m')).toMatch(/^made \S+-full-\S+: \d+ rows/m)
})

it('verify restores it and waits until all was found equal', async () => {
  expect(await batchsender('verify orders --wait --timeout 5m')).toMatch(/rows in \d+ partitions are equal/)
})

it('renew makes certificates anew, and every node serves them', async () => {
  const key = () => here.secret('orders-nats-server', 'tls.key')
  const before = await key()
  expect(await batchsender('renew orders --wait --timeout 5m')).toMatch(
    /^every node serves what was issued$/m,
  )
  expect(await key()).not.toBe(before)
})

it('status tells that it is Ready, and what is open', async () => {
  await here.untilReady()
  const text = await batchsender('status orders')
  expect(text).toMatch(/^BatchSender e2e-plugin\/orders {2}Ready True$/m)
  expect(text).toMatch(/✓ restore-verified Proven since/)
  expect(text).toMatch(/✓ nats-tls-adopted Proven since/)
  expect(text).toMatch(/✗ gateway NotConfigured[^✗]*→ Set spec\.gateway/)
  expect(text).not.toContain('\u001b')
  expect(JSON.parse(await batchsender('status orders -o json'))).toMatchObject({ ready: 'True' })
  expect(await batchsender('status')).toMatch(/^NAME +READY +CHECKS/)
})

it('report has the backup and its proof', async () => {
  expect(await batchsender('report orders')).toMatch(/\| restore\\?-verified \| Proven \|/)
  expect(await batchsender('report orders --format html')).toContain('<td class="Proven">Proven</td>')
})

it('plan foretells the roll that follows', async () => {
  const patch = `'{"spec":{"worker":{"logLevel":"debug"}}}'`
  const plan = JSON.parse(await batchsender(`plan orders -o json -p ${patch}`)) as {
    writes: { kind: string; name: string; change: string }[]
    rolls: { name: string }[]
    anyway: object[]
  }
  expect(plan.anyway).toEqual([])
  expect(plan.writes.map(({ change, kind, name }) => `${change} ${kind} ${name}`)).toEqual([
    'updated Deployment orders-worker',
  ])
  expect(plan.rolls.map(({ name }) => name)).toEqual(['orders-worker'])
  const before = await here.pods()
  await run(`kubectl patch bs orders --type=merge -p ${patch}`)
  await eventually('other workers, and the same NATS', async () => {
    const after = await here.pods()
    const isKept = (pod: string) => after.includes(pod)
    // Pods of Jobs come and go.
    const [workers, nats] = ['orders-worker', 'orders-nats'].map((name) =>
      before.filter((pod) => pod.startsWith(name)),
    )
    return nats?.every(isKept) && !workers?.some(isKept) ? true : undefined
  })
  await here.untilReady()
})

describe('logs', () => {
  it('has what all pods say, in words', async () => {
    const text = await batchsender('logs orders --tail 50')
    expect(text).toMatch(/^orders-worker-\S+ worker \d\d:\d\d:\d\d\.\d{3} (INFO|DEBUG)/m)
    expect(text).toMatch(/^orders-nats-0 nats \d\d:\d\d:\d\d\.\d{3} /m)
  })

  it('is of one part, as it was written', async () => {
    const lines = (await batchsender('logs orders --component worker --raw --tail 5')).trim().split('\n')
    for (const line of lines) expect(line).toMatch(/^orders-worker-\S+ worker \{/)
  })

  it('follows until it is ended', async () => {
    // Whatever is said, it ends with 0 when it is told to.
    const text = await run(
      'timeout --preserve-status 10 kubectl batchsender logs orders -f --tail 3 --component nats',
    )
    expect(text).toMatch(/^orders-nats-0 nats /m)
  })
})

describe('seal', () => {
  const { text } = procedure('docs/secrets.md#seal')
  const file = (name: string) => join(shell.dir, name)

  it('makes of a Secret what only the owner of the key opens, without the controller', async () => {
    const { certificate, key } = await authority('sealed-secrets', 'rsa')
    const password = Buffer.from([0, 255, 10, 128, 39])
    await writeFile(file('sealed-secrets.pem'), certificate)
    await writeFile(file('username'), 'orders')
    await writeFile(file('password'), password)
    await run(
      procedure('docs/secrets.md#seal').with({ 'seal -f -': 'seal -f - --cert sealed-secrets.pem' }).text,
    )
    const sealed = await readFile(file('smtp.sealed.yaml'), 'utf8')
    const { metadata, spec } = parse(sealed) as Sealed
    expect(metadata).toEqual({ name: 'smtp', namespace: NAMESPACE })
    const open = (field: string) => opened(spec.encryptedData[field] ?? '', `${NAMESPACE}/smtp`, key)
    expect(open('username').toString()).toBe('orders')
    expect(open('password')).toEqual(password)
  })

  it('says what to do where there is no controller, and leaves nothing half made', async () => {
    await expect(run(text)).rejects.toThrow(
      /Service kube-system\/sealed-secrets-controller is not there, .* --cert FILE/,
    )
    expect(await readFile(file('smtp.sealed.yaml'), 'utf8')).toBe('')
  })

  it('tells which Secrets nothing keeps', async () => {
    expect(await batchsender('seal orders 2>&1')).toMatch(/^ {2}postgres +managed by nothing:/m)
  })
})

it('support-bundle has the logs of the operator and of the workers, and no secret', async () => {
  await batchsender('support-bundle orders -o bundle.tar.gz')
  const names = await run('tar -tzf bundle.tar.gz')
  expect(names).toMatch(/\/logs\/orders-worker-[^/]+\/worker\.log$/m)
  expect(names).toMatch(/\/operator\/logs\/batchsender-operator-[^/]+\/operator\.log$/m)
  const text = await run('tar -xzOf bundle.tar.gz')
  const { items } = JSON.parse(await here.kubectl('get', 'secrets', '-o', 'json')) as {
    items: { data?: Record<string, string> }[]
  }
  const values = items
    .flatMap(({ data = {} }) => Object.entries(data))
    .filter(([key]) => !['tls.crt', 'ca.crt', 'username'].some((told) => key.endsWith(told)))
    .map(([, value]) => Buffer.from(value, 'base64').toString())
    .filter((value) => value.length > 7)
  expect(values.length).toBeGreaterThan(5)
  for (const value of [...values, (await here.endpoints()).apiToken]) expect(text).not.toContain(value)
})

it('ends with a sentence and 1 where there is nothing', async () => {
  await expect(batchsender('status nobody')).rejects.toThrow(
    /there is no BatchSender nobody in namespace e2e-plugin/,
  )
})
