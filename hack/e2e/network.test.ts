/** Who reaches whom, by packets: from the network namespaces of real pods, with the policies enforced and without them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workQueueNames } from '../../crds/workQueue.ts'
import { kubectl } from '../cluster/cluster.ts'
import { sendAndAccount } from '../demo/mail.ts'
import { conditionOf } from '../demo/readiness.ts'
import { Environment, expectContract, FROM_HERE, NAME } from './environment.ts'
import { eventually } from './eventually.ts'
import type { Fate, Target } from './probe.ts'
import {
  ADDRESSES,
  EXCEPTED,
  IDLE,
  INSIDE_BLOCK,
  METADATA,
  MUST_ALLOW,
  MUST_DENY,
  NAMESPACE,
  OTHER,
  ours,
  OUTSIDE_BLOCK,
  REAL,
  type Cell,
  type Place,
  type Pod,
} from './networkCells.ts'
import { kubeNetworkPolicies } from '../peers/kubeNetworkPolicies.ts'
import { SigNetworkEnforcer, startEnforcing, stopEnforcing } from './enforcers.ts'
import { Outsiders, podWith, tryFrom, type PodSeen } from './vantage.ts'

const ALL = [...MUST_ALLOW, ...MUST_DENY]

/** `make peers` builds it; without it there is one judge. */
const secondJudge = await kubeNetworkPolicies()
if (secondJudge === undefined) console.log('kube-network-policies is not built: make peers')

let here: Environment
let outsiders: Outsiders
let enforced: ReadonlyMap<string, Fate>

beforeAll(async () => {
  here = await Environment.start(NAMESPACE, {
    spec: {
      nats: { managed: { replicas: 3, storage: { size: '1Gi' }, encryption: { enabled: true } } },
      clickhouse: {
        external: {
          url: `http://clickhouse.${NAMESPACE}.svc.cluster.local:8123`,
          insecure: true,
          credentialsSecretRef: { name: 'clickhouse' },
        },
        backup: {
          destination: {
            namedCollection: 'backup_s3',
            s3: {
              endpoint: `http://s3.${NAMESPACE}.svc.cluster.local:7070`,
              bucket: 'batchsender',
              prefix: 'backups/',
              credentialsSecretRef: { name: 's3' },
            },
          },
          retention: {},
        },
      },
      network: {
        clients: [
          FROM_HERE,
          { podSelector: { matchLabels: { app: 'client' } } },
          { ...inOther, podSelector: { matchLabels: { app: 'friend' } } },
        ],
        monitoring: [{ ...inOther, podSelector: { matchLabels: { app: 'prometheus' } } }],
        egress: {
          postgres: [
            { podSelector: { matchLabels: { app: 'postgres' } } },
            { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } },
          ],
          s3: [{ podSelector: { matchLabels: { app: 's3' } } }],
        },
      },
    },
  })
  await kubectl(here.cluster, ['delete', 'namespace', OTHER, '--ignore-not-found', '--wait=true'])
  await kubectl(here.cluster, ['create', 'namespace', OTHER])
  outsiders = await Outsiders.open([
    `${METADATA}:80`,
    `${METADATA}:5432`,
    `${INSIDE_BLOCK}:5432`,
    `${INSIDE_BLOCK}:443`,
    `${EXCEPTED}:5432`,
    `${OUTSIDE_BLOCK}:5432`,
  ])
  await startIdlePods()
  await eventually('a neighbour is kept out of NATS', async () => {
    const [fate] = await fatesOf([['neighbour', 'nats', 4222]]).then((fates) => [...fates.values()])
    return fate === 'silence' ? true : undefined
  })
  enforced = await fatesOf(ALL)
})

afterAll(async () => {
  await outsiders.close()
  await kubectl(here.cluster, ['delete', 'namespace', OTHER, '--wait=false'])
  await here.stop()
})

describe('with its NetworkPolicies enforced', () => {
  it.each(MUST_ALLOW)('%s reaches %s on %i', (...cell) => {
    expect(enforced.get(nameOf(cell))).toBe('open')
  })

  it.each(MUST_DENY)('%s does not reach %s on %i', (...cell) => {
    expect(enforced.get(nameOf(cell))).toBe('silence')
  })

  it('a BatchSender is Ready, forms its NATS cluster and sends mail', async () => {
    await here.untilReady()
    expect(await sendAndAccount(await here.endpoints(), 200)).toMatchObject({
      distinct: 200,
      duplicates: 0,
      uncertain: 0,
    })
  })

  it('says that policies are in place, and proves that they are enforced', async () => {
    const seen = await here.sender()
    expect(conditionOf(seen, 'NetworkPolicyReady')).toMatchObject({ status: 'True', reason: 'Applied' })
    const proof = await untilEnforced('Proven')
    expect(proof.message).toContain('orders-nats-0 answers the operator on port 4222 and not on 8222')
    expect(proof.message).toContain(
      'as a worker, a NATS node, a backup Job, a retention Job, a pod that is none of ours',
    )
    console.log(proof.message)
  })

  it('is not taken in when somebody lets everyone in', async () => {
    const hole = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'hole' } }
    await here.apply({ ...hole, spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } })
    const failing = await untilEnforced('Failing')
    expect(failing.message).toContain('orders-nats-0 answers the operator on port 8222')
    await here.kubectl('delete', 'networkpolicy', 'hole')
    await untilEnforced('Proven')
  })

  it.each([
    {
      why: 'workers may be reached by everybody',
      opens: { ...podsOf('worker'), policyTypes: ['Ingress'], ingress: [{}] },
      says: /a (NATS node|backup Job|retention Job|pod that is none of ours) reaches orders-worker on port 808[01]/,
    },
    {
      why: 'workers may reach everything',
      opens: { ...podsOf('worker'), policyTypes: ['Egress'], egress: [{}] },
      says: /a worker reaches (s3\.\S+ on port 7070|the API server on port 443)/,
    },
    {
      why: 'NATS may be reached by its neighbours',
      opens: { ...podsOf('nats'), policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] },
      says: /a pod that is none of ours reaches orders-nats-0 on port (4222|6222|8222)/,
    },
    {
      why: 'NATS may reach everything',
      opens: { ...podsOf('nats'), policyTypes: ['Egress'], egress: [{}] },
      says: /a NATS node reaches (clickhouse\.\S+ on port 8123|s3\.\S+ on port 7070)/,
    },
    {
      why: 'backups may reach everything',
      opens: { ...podsOf('backup'), policyTypes: ['Egress'], egress: [{}] },
      says: /a backup Job reaches (s3\.\S+ on port 7070|smtp-sink\S+ on port 2525)/,
    },
  ])('names who reaches what when $why', async ({ opens, says }) => {
    await here.apply({ ...HOLE, spec: opens })
    const failing = await untilEnforced('Failing', says)
    console.log(failing.message)
    expect(failing.message).toContain('NetworkPolicies of others are about these pods: hole')
  })

  it('disturbs nothing that goes by the labels of its pods, while they are there', async () => {
    await here.kubectl('delete', 'networkpolicy', 'hole', '--ignore-not-found')
    const names = await eventually(
      'probe pods of a worker and of NATS have addresses',
      async () => {
        const pods = (await listed(
          'pods',
          '-l',
          'batchsender.io/probe in (worker,nats)',
        )) as readonly PodSeen[]
        const placed = pods.filter(({ status }) => status.podIP !== undefined && status.phase === 'Running')
        return placed.length > 0 ? placed.map(({ metadata }) => metadata.name) : undefined
      },
      undefined,
      10,
    )
    const [slices, budgets] = [await listed('endpointslices'), await listed('pdb')]
    const texts = JSON.stringify(slices)
    expect(names.filter((name) => texts.includes(name))).toEqual([])
    expect(texts).toContain('orders-nats-0')
    expect(
      budgets.map(({ metadata: { name }, status }) => {
        const { expectedPods, conditions = [] } = status as BudgetStatus
        return [name, expectedPods, conditions.map(({ reason }) => reason).includes('SyncFailed')]
      }),
    ).toEqual([
      ['orders-nats', 3, false],
      ['orders-worker', 2, false],
    ])
    await here.untilReady()
  })

  it('is proven again, and leaves no pod behind', async () => {
    await untilEnforced('Proven')
    await here.untilProbed()
    await eventually('no pod of a probe is left', async () => {
      const left = await listed('pods', '-l', 'batchsender.io/probe')
      return left.length === 0 ? true : undefined
    })
  })

  it('sees that nobody enforces policies any more, and that somebody does again', async () => {
    await stopEnforcing()
    try {
      const failing = await untilEnforced('Failing')
      expect(failing.message).toContain('orders-nats-0 answers the operator on port 8222')
    } finally {
      await startEnforcing()
    }
    await untilEnforced('Proven')
  })

  it('keeps on its volumes nothing that can be read without the key', async () => {
    const { stream } = workQueueNames(NAMESPACE, NAME)
    for (const node of [0, 1, 2])
      expect(await here.volumeHolds(`data-orders-nats-${node}`, stream)).toBe(false)
    await here.kubectl('delete', 'pod', 'orders-nats-0', '--wait=true')
    await here.kubectl('rollout', 'status', 'statefulset/orders-nats', '--timeout=120s')
    expect(await sendAndAccount(await here.endpoints(), 100)).toMatchObject({ distinct: 100, duplicates: 0 })
  })

  it.each(['orders-default-deny', 'orders-worker', 'orders-nats'])(
    'heals %s when it is deleted',
    async (name) => {
      const before = await here.get('networkpolicy', name)
      await here.kubectl('delete', 'networkpolicy', name, '--wait=true')
      const goneAt = performance.now()
      await eventually(
        `${name} is back`,
        async () => {
          const now = await here.get('networkpolicy', name)
          return now && now.metadata.uid !== before?.metadata.uid ? true : undefined
        },
        10_000,
        20,
      )
      console.log(`${name}: back ${Math.round(performance.now() - goneAt)} ms after it was seen gone`)
    },
  )

  it('a new pod is held to them soon after it starts', async () => {
    const labels = { ...ours('migration'), app: 'newcomer' }
    await applyPod('newcomer', NAMESPACE, labels)
    const pod = await eventually('the newcomer runs', () =>
      podWith(here.cluster, NAMESPACE, 'app=newcomer').then((found) => found),
    )
    const startedAt = performance.now()
    const nats = await addressOf('nats')
    await eventually('the newcomer is kept out of NATS', async () => {
      const [fate] = await tryFrom(pod, [{ host: nats, port: 4222 }])
      return fate === 'silence' ? true : undefined
    })
    // The last try ended with its patience of 2.5 s.
    console.log(
      `a new pod is held to policies at most ${Math.round(performance.now() - startedAt - 2_500)} ms after it is seen running`,
    )
  })
})

if (secondJudge !== undefined)
  describe('with its NetworkPolicies enforced by kube-network-policies', () => {
    let judge: SigNetworkEnforcer
    let judged: ReadonlyMap<string, Fate>

    beforeAll(async () => {
      judge = await SigNetworkEnforcer.start(secondJudge)
      await eventually('a neighbour is kept out of NATS', async () => {
        const [fate] = await fatesOf([['neighbour', 'nats', 4222]]).then((fates) => [...fates.values()])
        return fate === 'silence' ? true : undefined
      })
      judged = await fatesOf(ALL)
    })

    afterAll(() => judge.stop())

    it.each(MUST_ALLOW)('%s reaches %s on %i', (...cell) => {
      expect(judged.get(nameOf(cell))).toBe('open')
    })

    it.each(MUST_DENY)('%s does not reach %s on %i', (...cell) => {
      expect(judged.get(nameOf(cell))).toBe('silence')
    })

    it('is proven by its probes, and disproven by a hole', async () => {
      await here.apply({ ...HOLE, spec: { ...podsOf('backup'), policyTypes: ['Egress'], egress: [{}] } })
      await untilEnforced('Failing', /a backup Job reaches/)
      await here.kubectl('delete', 'networkpolicy', 'hole')
      await untilEnforced('Proven')
    })
  })

describe('without policies', () => {
  it('every one of these ways is open, so what was shut was shut by them', async () => {
    await here.kubectl(
      'patch',
      'bs',
      'orders',
      '--type=merge',
      '-p',
      '{"spec":{"network":{"policies":"Disabled"}}}',
    )
    await eventually('no policy is left', async () => {
      const names = await here.kubectl('get', 'networkpolicies', '-o', 'name')
      return names.trim() === '' ? true : undefined
    })
    await eventually('a neighbour gets to NATS', async () => {
      const [fate] = await fatesOf([['neighbour', 'nats', 4222]]).then((fates) => [...fates.values()])
      return fate === 'open' ? true : undefined
    })
    // The operator's own policy comes with its installation, and stays.
    const ours = ALL.filter(([, to]) => to !== 'operator')
    const fates = await fatesOf(ours)
    const shut = ours.filter((cell) => fates.get(nameOf(cell)) === 'silence').map(nameOf)
    expect(shut).toEqual([])
    expect(fates.size).toBe(ours.length)
  })

  it('kept the status contract in every status that was seen', () => {
    expectContract(here.statuses)
  })
})

const untilEnforced = (state: string, says = /./) =>
  eventually(`network-enforced ${state}`, async () => {
    const found = (await here.sender()).status.checks?.find(({ name }) => name === 'network-enforced')
    return found?.state === state && says.test(found.message) ? found : undefined
  })

const HOLE = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'hole' } }

function podsOf(part: string) {
  return { podSelector: { matchLabels: { 'app.kubernetes.io/component': part } } }
}

interface BudgetStatus {
  readonly expectedPods?: number
  readonly conditions?: readonly { readonly reason: string }[]
}

interface Listed {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly status: object
}

async function listed(...args: readonly string[]): Promise<readonly Listed[]> {
  const { items } = JSON.parse(await here.kubectl('get', ...args, '-o', 'json')) as {
    items: readonly Listed[]
  }
  return items
}

const inOther = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': OTHER } },
}

const nameOf = ([from, to, port]: Cell) => `${from} → ${to}:${port}`

/** All ways from one pod are tried at once, one pod after the other. */
async function fatesOf(cells: readonly Cell[]): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>()
  for (const [from, mine] of Map.groupBy(cells, ([one]) => one)) {
    const targets = await Promise.all(
      mine.map(async ([, to, port]): Promise<Target> => ({
        host: await addressOf(to),
        port,
        ...(to === 'dns' && { dns: true }),
      })),
    )
    const found = await tryFrom(await podOf(from), targets)
    mine.forEach((cell, index) => {
      const fate = found[index]
      if (fate) fates.set(nameOf(cell), fate)
    })
  }
  return fates
}

async function podOf(name: Pod): Promise<PodSeen> {
  const { namespace, selector } =
    name in IDLE
      ? { namespace: IDLE[name as keyof typeof IDLE].namespace, selector: `idle=${idleName(name)}` }
      : REAL[name as keyof typeof REAL]
  return eventually(`a pod for ${name}`, () => podWith(here.cluster, namespace, selector))
}

async function addressOf(place: Place): Promise<string> {
  if (place in ADDRESSES) return ADDRESSES[place as keyof typeof ADDRESSES]
  if (place === 'api service')
    return here.kubectl('get', 'service', 'orders-worker', '-o', 'jsonpath={.spec.clusterIP}')
  return (await podOf(place as Pod)).status.podIP ?? ''
}

const idleName = (name: string) => name.replaceAll(' ', '-')

async function startIdlePods(): Promise<void> {
  for (const [name, { namespace, labels }] of Object.entries(IDLE))
    await applyPod(idleName(name), namespace, labels)
  for (const name of Object.keys(IDLE)) await podOf(name as Pod)
}

async function applyPod(
  name: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { ...labels, idle: name } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'idle',
          image: 'registry.local/pause:1',
          imagePullPolicy: 'Never',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
  await eventually(`${name} is taken`, () =>
    // A new namespace has its service account a moment later.
    kubectl(here.cluster, ['apply', '-f', '-'], JSON.stringify(pod)).catch(() => undefined),
  )
}
