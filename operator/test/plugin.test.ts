/** `kubectl batchsender` against a real API server and the real operator: what each verb tells, asks for, leaves out and refuses. */
import { gunzipSync } from 'node:zlib'
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownAddress } from '../../hack/servers/ownAddress.ts'
import { freePort } from '../../hack/servers/ports.ts'
import type { Sealed } from '../plugin/seal/seal.ts'
import { authority } from '../src/testing/certificates.ts'
import { opened } from '../src/testing/sealed.ts'
import { Harness } from './harness.ts'
import { plugin } from './pluginRig.ts'
import { mayAskForCertificate, serveOutside } from './serviceOutside.ts'

const cluster = new Harness()
const CANARY = 'canary-password'

beforeAll(async () => {
  await cluster.start()
  await cluster.newNamespace()
  await cluster.bringUp()
  await cluster.looked()
})
afterAll(() => cluster.stop())

const run = (...args: readonly string[]) => plugin(cluster, args)

const BATCHSENDERS = 'batchsenders.batchsender.io'

/** Whoever has these rights in the namespace of the test. @param rules of `kubectl create role` */
async function userWith(name: string, ...rules: readonly (readonly [string, string])[]): Promise<string> {
  for (const [index, [verbs, resources]] of rules.entries()) {
    const role = `${name}-${index}`
    await cluster.inNamespace(['create', 'role', role, `--verb=${verbs}`, `--resource=${resources}`])
    await cluster.inNamespace(['create', 'rolebinding', role, `--role=${role}`, `--user=${name}`])
  }
  return cluster.plane.kubeconfigFor({ name })
}

describe('status', () => {
  it('tells what is open and what to do, and ends with 1', async () => {
    const { exit, out, err } = await run('status', 'orders')
    expect([exit, err]).toEqual([1, ''])
    expect(out).toContain(`BatchSender ${cluster.namespace}/orders  Ready False`)
    expect(out).toMatch(/✗ NatsReady False NodesNotReady\n[^✗]*→ Read why nodes do not run/)
    expect(out).toMatch(/✗ backup-fresh NotConfigured [^✗]*→ Set spec\.clickhouse\.backup, or waive/)
    expect(out.split('\n').filter((line) => line.length > 80 && line.trim().includes(' '))).toEqual([])
    expect(out).not.toContain(CANARY)
  })

  it('is the same for a program, and has a line for each of many', async () => {
    const { out } = await run('status', 'orders', '-o', 'json')
    const picture = JSON.parse(out) as { checks: { name: string; advice?: { page: string } }[] }
    expect(picture.checks.find(({ name }) => name === 'gateway')?.advice?.page).toBe('gateway.md')
    expect((await run('status')).out).toMatch(/^NAME +READY +CHECKS +WORKERS +STATUS\norders +False/)
    expect((await run('status', '-A')).out).toMatch(/^NAMESPACE +NAME/)
  })

  it('is told again when it changed, until it is ended', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const watching = plugin(cluster, ['status', 'orders', '--watch'], {
      signal: stop.signal,
      onOut: (text) => {
        seen.push(text)
        if (text.includes('Suspended')) stop.abort()
      },
    })
    await cluster.eventually('a first look', () => Promise.resolve(seen[0]))
    const patch = (suspend: boolean) =>
      cluster.api.patch(
        { kind: 'batchsender', namespace: cluster.namespace, name: 'orders' },
        { spec: { suspend } },
      )
    await patch(true)
    expect((await watching).exit).toBe(0)
    expect(seen.at(-1)).toContain('✗ Suspended True Suspended')
    expect((await run('backup', 'orders')).err).toMatch(/has no spec\.clickhouse\.backup/)
    expect((await run('renew', 'orders')).err).toMatch(/is suspended, .* resumes it\n$/)
    await patch(false)
  })
})

describe('report', () => {
  it('has every check with its evidence, as Markdown and as HTML', async () => {
    const [markdown, html] = [
      await run('report', 'orders'),
      await run('report', 'orders', '--format', 'html'),
    ]
    expect([markdown.exit, html.exit]).toEqual([0, 0])
    expect(markdown.out).toMatch(/\| gateway \| NotConfigured \| \d{4}-/)
    expect(markdown.out).toMatch(/\| Images \| batchsender\/worker:/)
    expect(html.out).toMatch(/^<!doctype html>/)
    expect(html.out).toContain('<td>gateway</td><td class="NotConfigured">NotConfigured</td>')
  })
})

describe('plan', () => {
  const manifest = (spec: object, name = 'orders') => JSON.stringify(cluster.batchSender(spec, name))

  it('of a file that changes nothing is empty', async () => {
    const { exit, out } = await plugin(cluster, ['plan', '-f', '-', '--field-manager', 'user'], {
      stdin: manifest({}),
    })
    expect(exit).toBe(0)
    expect(out).toContain('Edit\n  nothing')
    expect(out).toContain('Writes: none')
  })

  it('tells what rolls and why, and writes nothing', async () => {
    const before = await cluster.settled()
    const spec = { worker: { ...cluster.batchSender().spec.worker, logLevel: 'debug', replicas: 3 } }
    const { exit, out } = await plugin(cluster, ['plan', '-f', '-'], { stdin: manifest(spec) })
    expect(exit).toBe(0)
    expect(out).toMatch(/spec\.worker\.logLevel +info → debug/)
    expect(out).toMatch(/~ Deployment orders-worker\n/)
    expect(out).toMatch(/spec\.replicas +2 → 3/)
    expect(out).toMatch(
      /Deployment orders-worker: 3 pods, for\n +spec\.template\.spec\.containers\[worker\]\.env\[LOG_LEVEL\]\.value/,
    )
    expect(await cluster.settled()).toBe(before)
  })

  it('of a new one tells everything that will be made', async () => {
    const { exit, out } = await plugin(cluster, ['plan', '-f', '-', '-o', 'json'], {
      stdin: manifest({}, 'others'),
    })
    expect(exit).toBe(0)
    const { writes, isNew } = JSON.parse(out) as {
      isNew: boolean
      writes: { change: string; kind: string; name: string }[]
    }
    expect(isNew).toBe(true)
    expect(new Set(writes.map(({ change }) => change))).toEqual(new Set(['created']))
    const kinds = writes.map(({ kind }) => kind)
    expect(kinds).toEqual(
      expect.arrayContaining(['Secret', 'StatefulSet', 'Job', 'Deployment', 'NetworkPolicy']),
    )
    expect(await cluster.get('batchsender', 'others')).toBeUndefined()
  })

  it('of what the API server refuses says so with its sentence', async () => {
    const { exit, err } = await run('plan', 'orders', '-p', '{"spec":{"worker":{"replicas":-1}}}')
    expect(exit).toBe(1)
    expect(err).toMatch(/refuses it \(422\): spec\.worker\.replicas: /)
    expect(err.trim()).not.toContain('\n')
  })

  it('of what only a child shows to be wrong tells what is in the way', async () => {
    const { out } = await run(
      'plan',
      'orders',
      '-p',
      '{"spec":{"worker":{"tolerations":[{"operator":"Exist"}]}}}',
    )
    expect(out).toMatch(
      /In the way\n +SpecValid Invalid: StatefulSet orders-nats:\n +spec\.template\.spec\.tolerations/,
    )
  })

  it('of one that is suspended says that nothing is written', async () => {
    const patch = '{"spec":{"suspend":true,"worker":{"replicas":5}}}'
    const { out } = await run('plan', 'orders', '-p', patch)
    expect(out).toContain('Writes: none')
    expect(out).toMatch(/To know\n +it is suspended: nothing is written/)
  })

  it('tells a roll for another content of a Secret by another name, and shows none of it', async () => {
    await cluster.apply(cluster.secret('postgres-2', { url: `postgres://u:${CANARY}-2@db/x` }))
    const patch = '{"spec":{"postgres":{"credentialsSecretRef":{"name":"postgres-2"}}}}'
    const { out } = await run('plan', 'orders', '-p', patch)
    expect(out).toMatch(/\+ Job orders-migrate-/)
    expect(out).toMatch(/~ Deployment orders-worker/)
    expect(out).not.toContain(CANARY)
  })

  it('with the rights to look alone says what it may not', async () => {
    const kubeconfig = await userWith('viewer', ['get,list', BATCHSENDERS])
    const patch = '{"spec":{"worker":{"replicas":3}}}'
    const { exit, err } = await plugin(cluster, ['plan', 'orders', '-p', patch], { kubeconfig })
    expect(exit).toBe(1)
    expect(err).toMatch(/^you may not do that \(403\): .* User "viewer" cannot patch resource "batchsenders"/)
  })

  it('without the right to Secrets, or to patch what belongs to it, tells what follows from the rest', async () => {
    const kinds = [
      'configmaps',
      'services',
      'serviceaccounts',
      'statefulsets.apps',
      'deployments.apps',
      'jobs.batch',
    ]
    const others = ['poddisruptionbudgets.policy', 'networkpolicies.networking.k8s.io', 'cronjobs.batch']
    const kubeconfig = await userWith(
      'planner',
      ['get,list,patch', BATCHSENDERS],
      ['get,list', [...kinds, ...others, 'horizontalpodautoscalers.autoscaling'].join(',')],
    )
    const patch = '{"spec":{"worker":{"logLevel":"debug"}}}'
    const { exit, out } = await plugin(cluster, ['plan', 'orders', '-p', patch], { kubeconfig })
    expect(exit).toBe(0)
    expect(out).toContain('Writes: 0 created, 1 changed, 0 removed')
    expect(out).toContain('~ Deployment orders-worker')
    expect(out).toMatch(/env\[LOG_LEVEL\]\.value/)
    expect(out).toMatch(/Could not be asked\n(.*\n)* +Secrets: whatever follows/)
    expect(out).toMatch(/Deployment orders-worker: you may not patch it/)
  })
})

describe('renew', () => {
  it('makes a certificate anew and waits for it', async () => {
    const uid = async () => (await cluster.get('secret', 'orders-nats-worker'))?.metadata.uid
    const before = await uid()
    const { exit, out } = await run('renew', 'orders', '--certificate', 'worker', '--wait')
    expect([exit, out]).toEqual([0, `to be made anew in ${cluster.namespace}: orders-nats-worker\nmade\n`])
    expect(await uid()).not.toBe(before)
  })

  it('gives up at its deadline and says what it saw last', async () => {
    const { exit, err } = await run('renew', 'orders', '--certificate', 'server', '--wait', '--timeout', '3s')
    expect(exit).toBe(1)
    expect(err).toMatch(
      /the renewal was not done in 3 s, and goes on by itself \(last seen: .*\): kubectl batchsender status orders\n$/,
    )
  })
})

describe('logs', () => {
  it('says that there are no pods, where there are none', async () => {
    const { exit, err } = await run('logs', 'orders')
    expect([exit, err]).toEqual([
      1,
      'BatchSender orders has no pods: kubectl batchsender status orders says why\n',
    ])
  })
})

describe('seal', () => {
  const controller = { namespace: 'kube-system', name: 'sealed-secrets-controller' }
  const stdin = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'smtp' },
    stringData: { password: CANARY },
  })
  const sealing = async (...args: readonly string[]) => {
    const kubeconfig = await cluster.plane.kubeconfigFor({ name: 'somebody' })
    return plugin(cluster, ['seal', '-f', '-', '-o', 'json', ...args], { stdin, kubeconfig })
  }

  it('says what to do where nobody may ask for the certificate, and where there is no controller', async () => {
    const { exit, out, err } = await sealing()
    expect([exit, out]).toEqual([1, ''])
    expect(err).toMatch(/^you may not ask the controller .* certificate \(403\): .*somebody.* --cert FILE /)
    const none = await plugin(cluster, ['seal', '-f', '-'], { stdin })
    expect([none.exit, none.out]).toEqual([1, ''])
    expect(none.err).toMatch(/^Service kube-system\/sealed-secrets-controller is not there, .* --cert FILE /)
  })

  it('asks the Service of the controller with the rights that everybody has, and writes nothing', async () => {
    const { certificate, key } = await authority('sealed-secrets', 'rsa')
    const paths: (string | undefined)[] = []
    const server = createServer(({ url }, response) => {
      paths.push(url)
      response.end(certificate)
    })
    const [address, port] = [await ownAddress(), await freePort()]
    await new Promise<void>((resolve) => server.listen(port, address, resolve))
    try {
      await serveOutside(cluster, { ...controller, address, port })
      await mayAskForCertificate(cluster, controller)
      const { exit, out, err } = await sealing()
      expect([exit, err]).toEqual([0, ''])
      expect(paths).toEqual(['/v1/cert.pem'])
      const { metadata, spec } = JSON.parse(out) as Sealed
      expect(metadata).toEqual({ name: 'smtp', namespace: cluster.namespace })
      const label = `${cluster.namespace}/smtp`
      expect(opened(spec.encryptedData['password'] ?? '', label, key).toString()).toBe(CANARY)
      expect(await cluster.get('secret', 'smtp')).toBeUndefined()
    } finally {
      server.close()
    }
  })

  it('says so when nobody answers there any more', async () => {
    const { exit, err } = await sealing()
    expect(exit).toBe(1)
    expect(err).toMatch(/^the controller of Sealed Secrets does not answer \(50\d: .*connection refused/)
  })

  it('tells which Secrets of a BatchSender nothing keeps yet, but those sealed right now', async () => {
    const { certificate } = await authority('sealed-secrets', 'rsa')
    const secret = stdin.replace('smtp', 'postgres')
    const { exit, out, err } = await plugin(cluster, ['seal', 'orders', '-f', '-', '--cert', 'cert.pem'], {
      stdin: secret,
      reads: { 'cert.pem': certificate },
    })
    expect(exit).toBe(0)
    expect(out).toMatch(/^apiVersion: bitnami\.com\/v1alpha1\nkind: SealedSecret\n/)
    expect(err).toMatch(/^to seal next for BatchSender .*\/orders:\n {2}api-tokens +managed by nothing:/)
    expect(err).not.toContain('postgres')
    const alone = await run('seal', 'orders')
    expect([alone.exit, alone.out]).toEqual([0, ''])
    expect(alone.err).toMatch(/^ {2}postgres +managed by nothing: spec\.postgres\.credentialsSecretRef$/m)
  })
})

describe('support-bundle', () => {
  const textOf = (files: ReadonlyMap<string, Uint8Array>) => {
    const [content] = [...files.values()]
    return gunzipSync(content ?? new Uint8Array()).toString('utf8')
  }

  it('has everything and nothing secret', async () => {
    await cluster.api.patch(
      { kind: 'batchsender', namespace: cluster.namespace, name: 'orders' },
      {
        metadata: {
          annotations: { 'example.com/owner': `ann-${CANARY}@example.org`, 'example.com/token': CANARY },
        },
      },
    )
    const { exit, out, files } = await run('support-bundle', 'orders')
    expect(exit).toBe(0)
    expect(out).toMatch(/^wrote batchsender-orders-\d{8}T\d{6}\.tar\.gz: \d+ files\n$/)
    const text = textOf(files)
    const names = text.match(/batchsender-orders-[\dT]+\/[\w./-]+(?=\0)/g) ?? []
    expect(names).toEqual(names.toSorted())
    for (const name of [
      'batchsender.yaml',
      'status.txt',
      'events.txt',
      'README.txt',
      'objects/Deployment/orders-worker.yaml',
      'objects/Secret/postgres.yaml',
    ])
      expect(names.some((one) => one.endsWith(`/${name}`))).toBe(true)
    expect(text).not.toContain(CANARY)
    expect(text).not.toContain('BEGIN EC PRIVATE KEY')
    const secrets = (await cluster.api.list('secrets', cluster.namespace)) as readonly {
      data?: Record<string, string>
    }[]
    const values = secrets
      .flatMap(({ data = {} }) => Object.values(data))
      .filter((value) => value.length > 12)
    expect(values.length).toBeGreaterThan(5)
    for (const value of values) {
      expect(text).not.toContain(value)
      expect(text).not.toContain(Buffer.from(value, 'base64').toString())
    }
    expect(text).toMatch(/url: \(\d+ bytes\)/)
  })

  it('lists what whoever made it may not read', async () => {
    const kubeconfig = await userWith('looker', ['get,list', BATCHSENDERS])
    const { exit, err, files } = await plugin(cluster, ['support-bundle', 'orders', '-o', 'x.tar.gz'], {
      kubeconfig,
    })
    expect(exit).toBe(0)
    expect(err).toMatch(/could not be read: Secret postgres: you may not do that \(403\)/)
    expect(textOf(files)).toContain('Could not be read:\n')
  })
})

describe('whoever cannot be helped is told in one line', () => {
  const told = async (args: readonly string[], kubeconfig?: string) => {
    const { exit, err } = await plugin(cluster, args, kubeconfig === undefined ? {} : { kubeconfig })
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(err).not.toMatch(/\bat .*\.ts:/)
    return [exit, err.trim()]
  }

  it('of a name that is not there', async () => {
    expect(await told(['status', 'nobody'])).toEqual([
      1,
      `there is no BatchSender nobody in namespace ${cluster.namespace}, but orders: kubectl get bs -A lists all`,
    ])
  })

  it('of rights that are lacking', async () => {
    const kubeconfig = await cluster.plane.kubeconfigFor({ name: 'stranger' })
    const [exit, err] = await told(['status', 'orders'], kubeconfig)
    expect(exit).toBe(1)
    expect(err).toMatch(/^you may not do that \(403\): batchsenders\.batchsender\.io "orders" is forbidden/)
  })

  it('of a server that is not there', async () => {
    const kubeconfig = await cluster.plane.kubeconfigFor({ name: 'admin' }, 'https://127.0.0.1:1')
    const [exit, err] = await told(['status', 'orders'], kubeconfig)
    expect(exit).toBe(1)
    expect(err).toMatch(/^the API server at https:\/\/127\.0\.0\.1:1 cannot be reached: nobody listens there/)
  })

  it('of a context, a verb or a flag that is none', async () => {
    expect(await told(['status', 'orders', '--context', 'other'])).toEqual([
      2,
      expect.stringContaining('has no context other: '),
    ])
    expect(await told(['stats', 'orders'])).toEqual([
      2,
      expect.stringContaining('there is no verb stats, did you mean status?'),
    ])
    expect(await told(['status', 'orders', '--output', 'yaml'])).toEqual([
      2,
      '--output must be text or json, not "yaml"',
    ])
  })
})

it('completion offers the names that there are', async () => {
  const { out } = await plugin(cluster, ['__complete', 'status'], { typed: 'ord' })
  expect(out).toBe('orders\n:4\n')
})
