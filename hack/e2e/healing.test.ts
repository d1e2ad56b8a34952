import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workQueueNames } from '../../crds/workQueue.ts'
import { changesBetween } from '../../operator/plugin/plan/compare.ts'
import { shakeHands } from '../../operator/src/observers/shakeHands.ts'
import { kubectl } from '../cluster/cluster.ts'
import { arrivals, createBatch, recipientsOf, sendAndAccount, untilEnded } from '../demo/mail.ts'
import { conditionOf } from '../demo/readiness.ts'
import { auditMark, writesSince } from './auditTrail.ts'
import { batchSender, Environment, expectContract, FROM_HERE, NAME } from './environment.ts'
import { eventually } from './eventually.ts'

const NAMESPACE = 'e2e-healing'
/** Deleting one of these takes something away that the status must tell of. */
const PODS_GO = ['deployment', 'statefulset']
/** Beside other tests a worker may answer late, and that turns a check for two minutes, rightly. */
const spec = {
  readiness: { waive: [{ check: 'api-responsive', reason: 'the machine is shared with other tests' }] },
}
let here: Environment

beforeAll(async () => {
  here = await Environment.start(NAMESPACE, { spec })
})
afterAll(async () => {
  await here.stop()
})

describe('a BatchSender in a cluster', () => {
  it('is Ready for kubectl wait and shows what it has', async () => {
    await here.kubectl('wait', '--for=condition=Ready', `batchsender/${NAME}`, '--timeout=30s')
    // One of two workers is enough to be Ready; the other follows.
    await eventually('a row with both workers', async () => {
      const row = await here.kubectl('get', 'bs', NAME, '--no-headers')
      return /orders\s+True\s+\w+\s+\w+\s+\d+\/\d+, 1 waived\s+2\/2\s+2 of 2 workers, 1 of 1 NATS node\s/.test(
        row,
      )
        ? true
        : undefined
    })
  })

  it('sends every mail once', async () => {
    const account = await sendAndAccount(await here.endpoints(), 500)
    expect(account).toMatchObject({ distinct: 500, duplicates: 0, uncertain: 0 })
    expect(account.batch.state).toBe('completed')
  })

  it.each([
    'configmap/orders-nats',
    'service/orders-nats',
    'service/orders-worker',
    'serviceaccount/orders-worker',
    'poddisruptionbudget/orders-nats',
    'poddisruptionbudget/orders-worker',
    'networkpolicy/orders-default-deny',
    'networkpolicy/orders-worker',
    'secret/orders-nats-operator',
    'deployment/orders-worker',
    'statefulset/orders-nats',
  ])('brings %s back when it is deleted', async (child) => {
    const [kind = '', name = ''] = child.split('/')
    const before = await here.get(kind, name)
    const seenBefore = here.statuses.length
    await here.kubectl('delete', kind, name, '--wait=true')
    const goneAt = performance.now()
    await eventually(`${child} is back`, async () => {
      const now = await here.get(kind, name)
      return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
    })
    console.log(`${child}: back ${Math.round(performance.now() - goneAt)} ms after it was seen gone`)
    await here.untilReady()
    // Where no pod went, nothing was ever not ready.
    const flaps = here.statuses
      .slice(seenBefore)
      .filter((seen) => conditionOf(seen, 'Ready')?.status !== 'True')
    if (!PODS_GO.includes(kind)) expect(flaps).toEqual([])
  })

  it.each([
    { child: 'configmap/orders-nats', at: '.data.nats\\.conf', edit: { data: { 'nats.conf': 'port: 1' } } },
    {
      child: 'service/orders-nats',
      at: '.spec.publishNotReadyAddresses',
      edit: { spec: { publishNotReadyAddresses: false } },
    },
    {
      child: 'service/orders-worker',
      at: '.spec.selector',
      edit: { spec: { selector: { app: 'theirs' } } },
    },
    {
      child: 'serviceaccount/orders-worker',
      at: '.automountServiceAccountToken',
      edit: { automountServiceAccountToken: true },
    },
    {
      child: 'poddisruptionbudget/orders-worker',
      at: '.spec.maxUnavailable',
      edit: { spec: { maxUnavailable: 9 } },
    },
    { child: 'networkpolicy/orders-worker', at: '.spec.ingress', edit: { spec: { ingress: [{}] } } },
    {
      child: 'deployment/orders-worker',
      at: '.spec.progressDeadlineSeconds',
      edit: { spec: { progressDeadlineSeconds: 9_999 } },
    },
    {
      child: 'statefulset/orders-nats',
      at: '.spec.persistentVolumeClaimRetentionPolicy',
      edit: {
        spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } },
      },
    },
  ])('puts $child back when it is edited, and names who edited it', async ({ child, at, edit }) => {
    const [kind = '', name = ''] = child.split('/')
    const value = () => here.kubectl('get', kind, name, '-o', `jsonpath={${at}}`)
    const before = await value()
    const who = ['--field-manager=somebody', '--type=merge', '-p', JSON.stringify(edit)]
    const patched = await here.kubectl('patch', kind, name, ...who, '-o', `jsonpath={${at}}`)
    const editedAt = performance.now()
    expect(patched).not.toBe(before)
    await eventually(`${child} is put back`, async () => ((await value()) === before ? true : undefined))
    console.log(`${child}: put back ${Math.round(performance.now() - editedAt)} ms after the edit`)
    await eventually('an Event says so', async () => {
      const notes = await here.kubectl(
        'get',
        'events',
        '-o',
        'jsonpath={range .items[*]}{.message}{"\\n"}{end}',
      )
      return notes.split('\n').some((note) => note.includes('somebody') && note.includes(name))
        ? true
        : undefined
    })
  })

  it('is Ready again after an edit of the workers, and migrates nothing, not even without its finished Job', async () => {
    await here.kubectl('delete', 'jobs', '-l', 'app.kubernetes.io/component=migration', '--wait=true')
    const patch = JSON.stringify({ spec: { worker: { provider: { maxPerSecond: 5_000 } } } })
    await here.kubectl('patch', 'bs', NAME, '--type=merge', '-p', patch)
    await here.untilReady()
    const jobs = ['get', 'jobs', '-l', 'app.kubernetes.io/component=migration', '-o', 'name']
    expect(await here.kubectl(...jobs)).toBe('')
    const stalled = here.statuses.filter((seen) => conditionOf(seen, 'Stalled') !== undefined)
    expect(stalled).toEqual([])
  })

  it.each([
    {
      what: 'the workers',
      spec: {
        worker: { resources: { requests: { cpu: 0.05, memory: '131072Ki' } }, podAnnotations: { a: 'b' } },
      },
    },
    {
      what: 'NATS',
      spec: { nats: { managed: { podAnnotations: { a: 'b' }, resources: { requests: { cpu: '50m' } } } } },
    },
    { what: 'the certificates', spec: { nats: { tls: { renewBefore: '480h' } } } },
    { what: 'the network', spec: { network: { monitoring: [FROM_HERE] } } },
  ])('is Ready again within a minute after an edit of $what', async ({ spec }) => {
    const before = here.statuses.length
    await here.kubectl('patch', 'bs', NAME, '--type=merge', '-p', JSON.stringify({ spec }))
    await here.kubectl('wait', '--for=condition=Ready', `batchsender/${NAME}`, '--timeout=60s')
    const stalled = here.statuses.slice(before).filter((seen) => conditionOf(seen, 'Stalled') !== undefined)
    expect(stalled).toEqual([])
    expect(await sendAndAccount(await here.endpoints(), 50)).toMatchObject({ distinct: 50, duplicates: 0 })
  })

  it('lets a worker that is not ready be evicted, as a drain would', async () => {
    const budget = await here.kubectl(
      'get',
      'pdb',
      'orders-worker',
      '-o',
      'jsonpath={.spec.unhealthyPodEvictionPolicy}',
    )
    expect(budget).toBe('AlwaysAllow')
    const image = 'registry.invalid/worker:9'
    await here.kubectl(
      'patch',
      'bs',
      NAME,
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { worker: { image } } }),
    )
    const pod = await eventually('what the pod lacks', async () => {
      const { message = '' } = conditionOf(await here.sender(), 'WorkerReady') ?? {}
      return new RegExp(`pod (\\S+) cannot get image ${image}`).exec(message)?.[1]
    })
    const eviction = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod, namespace: NAMESPACE },
    }
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${pod}/eviction?dryRun=All`
    await kubectl(here.cluster, ['create', '--raw', path, '-f', '-'], JSON.stringify(eviction))
    await here.kubectl(
      'patch',
      'bs',
      NAME,
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/worker/image"}]',
    )
    await here.untilReady()
  })

  it('makes secret/orders-nats-operator anew when it is edited', async () => {
    const value = () =>
      here.kubectl('get', 'secret', 'orders-nats-operator', '-o', 'jsonpath={.data.tls\\.crt}')
    const [before, garbage] = [await value(), Buffer.from('garbage').toString('base64')]
    const patch = JSON.stringify({ data: { 'tls.crt': garbage } })
    await here.kubectl('patch', 'secret', 'orders-nats-operator', '--type=merge', '-p', patch)
    const editedAt = performance.now()
    await eventually('another certificate', async () =>
      [before, garbage].includes(await value()) ? undefined : true,
    )
    console.log(
      `secret/orders-nats-operator: made anew ${Math.round(performance.now() - editedAt)} ms after the edit`,
    )
  })

  it('keeps the name of its stream in plain text where no encryption was asked for', async () => {
    const { stream } = workQueueNames(NAMESPACE, NAME)
    expect(await here.volumeHolds('data-orders-nats-0', stream)).toBe(true)
  })

  it('turns plain-text and certificate-less NATS clients away', async () => {
    const address = await here.kubectl('get', 'pod', 'orders-nats-0', '-o', 'jsonpath={.status.podIP}')
    expect(await speakPlain(address)).not.toContain('PONG')
    const handshake = await shakeHands({ node: 'orders-nats-0', host: address, port: 4222 }, '')
    expect(handshake).toMatchObject({ refusesPlain: true, refusesAnonymous: true })
    const { status } = await here.sender()
    expect(status.checks?.find(({ name }) => name === 'nats-tls-adopted')?.state).toBe('Proven')
  })

  it('has NATS serve new certificates when the old ones are deleted, and loses no mail over it', async () => {
    const servedBefore = await served()
    const run = `rot${Date.now().toString(36)}`
    const { id } = await createBatch(await here.endpoints(), recipientsOf(500, run))
    await here.kubectl('delete', 'secret', 'orders-nats-server', 'orders-nats-worker')
    const batch = await untilEnded(await here.endpoints(), id, Date.now() + 120_000)
    expect(batch.state).toBe('completed')
    const arrived = await arrivals(await here.endpoints(), run)
    expect(arrived.size).toBe(500)
    expect([...arrived.values()].filter((times) => times > 1)).toEqual([])
    const deletedAt = performance.now()
    await eventually('the new certificate is served', async () => {
      const { status } = await here.sender()
      const proven = status.checks?.[0]?.state === 'Proven'
      return proven && (await served()) !== servedBefore ? true : undefined
    })
    console.log(
      `new certificate proven to be served after ${Math.round((performance.now() - deletedAt) / 1000)} s`,
    )
    // The worker speaks to NATS with its new certificate: a batch flows without waiting for a sweep.
    expect(await sendAndAccount(await here.endpoints(), 100)).toMatchObject({ distinct: 100, duplicates: 0 })
  })

  it('sees a NATS that runs another configuration under a suspension, and mends it afterwards', async () => {
    const check = async () => (await here.sender()).status.checks?.[0]
    const suspend = (value: boolean) =>
      here.kubectl('patch', 'bs', NAME, '--type=merge', '-p', JSON.stringify({ spec: { suspend: value } }))
    const fault = 'orders-nats-0 runs another configuration than ConfigMap orders-nats holds'
    await suspend(true)
    await eventually('Suspended', async () => conditionOf(await here.sender(), 'Suspended'))
    const { data } = (await here.get('configmap', 'orders-nats')) as { data?: Record<string, string> }
    const other = `${data?.['nats.conf'] ?? ''}max_payload: 2000000\n`
    const patch = JSON.stringify({ data: { 'nats.conf': other } })
    await here.kubectl('patch', 'configmap', 'orders-nats', '--type=merge', '-p', patch)
    await here.kubectl('delete', 'pod', 'orders-nats-0', '--wait=true')
    await eventually('the check fails', async () => ((await check())?.message === fault ? true : undefined))
    await eventually('it is Ready, and not for production', async () => {
      const seen = await here.sender()
      const states = ['Ready', 'ProductionReady'].map((type) => conditionOf(seen, type)?.status)
      return states.join() === 'True,False' ? true : undefined
    })
    await suspend(false)
    // The file reaches the pod when kubelet looks again, which takes more than a minute.
    const proven = async () => ((await check())?.state === 'Proven' ? true : undefined)
    await eventually('the check is proven again', proven, 240_000)
    expect((await check())?.message).toMatch(/runs? the wished configuration/)
  })

  it('replaces the CA when it is lost, certificates and trust with it', async () => {
    await here.kubectl('delete', 'secret', 'orders-nats-ca')
    const servedBefore = await served()
    await eventually('certificates of the new CA are served', async () => {
      const { status } = await here.sender()
      return status.checks?.[0]?.state === 'Proven' && (await served()) !== servedBefore ? true : undefined
    })
    await here.untilReady()
    expect(await sendAndAccount(await here.endpoints(), 200)).toMatchObject({
      distinct: 200,
      duplicates: 0,
      uncertain: 0,
    })
  })

  it('has the workers connect anew with what the new CA gave them', async () => {
    const workers = () =>
      here.kubectl(
        'get',
        'pods',
        '-l',
        `app.kubernetes.io/instance=${NAME},app.kubernetes.io/component=worker,!batchsender.io/probe`,
        '-o',
        'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
      )
    const before = await workers()
    // The connections of before are from the old CA; none outlives the server that they lead to.
    await here.kubectl('delete', 'pod', 'orders-nats-0', '--wait=true')
    await here.kubectl('rollout', 'status', 'statefulset/orders-nats', '--timeout=60s')
    await here.untilReady()
    expect(await sendAndAccount(await here.endpoints(), 200)).toMatchObject({
      distinct: 200,
      duplicates: 0,
      uncertain: 0,
    })
    expect(await workers()).toBe(before)
  })

  it('writes nothing and rolls no pod when the operator restarts', async () => {
    await here.untilReady()
    await settled()
    await here.untilProbed()
    const { status } = await here.sender()
    const versions = await here.versions()
    const pods = await here.pods()
    const mark = await auditMark()
    await kubectl(here.cluster, [
      '-n',
      'batchsender-system',
      'delete',
      'pod',
      '-l',
      'app.kubernetes.io/name=batchsender-operator',
    ])
    await kubectl(here.cluster, [
      '-n',
      'batchsender-system',
      'rollout',
      'status',
      'deployment/batchsender-operator',
    ])
    await sleep(20_000)
    // First, since it says what was written.
    expect(changesBetween(status, (await here.sender()).status)).toEqual([])
    expect(await here.versions()).toBe(versions)
    expect(await here.pods()).toEqual(pods)
    expect(await writesSince(mark, 'batchsender-operator', NAMESPACE)).toEqual([])
  })

  it('leaves a Secret of somebody else alone and stalls until it is gone', async () => {
    await here.kubectl('delete', 'bs', NAME, '--wait=true', '--cascade=foreground')
    const foreign = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'orders-nats-server', namespace: NAMESPACE },
      stringData: { theirs: 'precious' },
    }
    await here.apply(foreign)
    const before = await here.get('secret', 'orders-nats-server')
    await here.apply(batchSender(NAMESPACE))
    await eventually('NameConflict', async () => {
      const stalled = conditionOf(await here.sender(), 'Stalled')
      return stalled?.reason === 'NameConflict' ? true : undefined
    })
    expect(await here.get('secret', 'orders-nats-server')).toEqual(before)
    await here.kubectl('delete', 'secret', 'orders-nats-server')
    await here.kubectl('annotate', 'bs', NAME, 'batchsender.io/requestedAt=again')
    await eventually('it goes on', async () =>
      conditionOf(await here.sender(), 'Stalled') === undefined ? true : undefined,
    )
    await here.untilReady()
  })

  it('kept the status contract in every status that was seen', () => {
    expectContract(here.statuses)
    console.log(`${here.statuses.length} statuses seen, none breaks the contract`)
  })
})

async function served(): Promise<string | undefined> {
  return (await here.sender()).status.evidence?.natsTls?.nodes?.[0]?.servedSerial
}

/** Waits until nothing was written for five seconds. */
async function settled(): Promise<void> {
  let last = ''
  for (let quiet = 0; quiet < 10; quiet += 1) {
    const now = await here.versions()
    if (now !== last) quiet = 0
    last = now
    await sleep(500)
  }
}

/** What a client gets that speaks NATS without TLS. */
function speakPlain(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 4222, timeout: 10_000 })
    let text = ''
    socket.once('connect', () => socket.write('CONNECT {"verbose":false}\r\nPING\r\n'))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
    })
    socket.once('error', reject)
    socket.once('close', () => {
      resolve(text)
    })
    socket.once('timeout', () => socket.destroy(new Error('the server left a plain-text client waiting')))
  })
}
