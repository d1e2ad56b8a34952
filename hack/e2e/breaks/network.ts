/** NetworkPolicies: holes that somebody opens beside ours, one of ours that is kept away, and nobody who enforces them. */
import { group, type Break, type Telling } from './break.ts'
import { openSite, type Site } from './hands.ts'
import { startEnforcing, stopEnforcing } from '../enforcers.ts'
import { FROM_HERE, NAME } from '../environment.ts'
import { eventually } from '../eventually.ts'
import { kubectl } from '../../cluster/cluster.ts'

const NAMESPACE = 'brk-network'
/** The operator knocks every half minute, and believes three bad looks in a row. */
const KNOCKED_SECONDS = 120
/** A round of probes begins within half a minute of a change, takes seconds, and is given up after three minutes. */
const TRIED_SECONDS = 240
const PROVEN = { at: 'network-enforced', is: 'Proven', withinSeconds: TRIED_SECONDS } as const

const failing = (says: RegExp, withinSeconds = TRIED_SECONDS): Telling => ({
  at: 'network-enforced',
  is: 'Failing',
  says,
  withinSeconds,
})

/** A round that proved nothing, such as on a machine that is busy, is repeated after ten minutes, or when it is asked for. */
async function isProven({ here }: Site): Promise<boolean> {
  const { state, message = '' } = (await here.check('network-enforced')) ?? {}
  if (state === 'Unknown' && message.includes('(tried at'))
    await here.kubectl('annotate', '--overwrite', 'bs', NAME, `batchsender.io/requestedAt=${Date.now()}`)
  return state === 'Proven'
}

const ofPart = (part: string) => ({
  podSelector: { matchLabels: { 'app.kubernetes.io/component': part } },
})

const egress = (part: string, rules: readonly object[] = [{}]) => ({
  ...ofPart(part),
  policyTypes: ['Egress'],
  egress: rules,
})

const ingress = (part: string, rules: readonly object[]) => ({
  ...ofPart(part),
  policyTypes: ['Ingress'],
  ingress: rules,
})

interface Hole {
  readonly how: string
  readonly opens: object
  readonly red: Telling
}

const hole = ({ how, opens, red }: Hole): Break<Site> => ({
  how: `a policy beside ours: ${how}`,
  breakIt: ({ here }) =>
    here.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'hole' },
      spec: opens,
    }),
  red,
  mend: ({ here }) => here.kubectl('delete', 'networkpolicy', 'hole'),
  mended: isProven,
  green: PROVEN,
  steady: ['Ready'],
})

const OTHERS = 'NetworkPolicies of others are about these pods: hole'
const probes = (who: string, reaches: string): Telling =>
  failing(new RegExp(`${who} reaches ${reaches}.*${OTHERS}`))
const EVERY_NAMESPACE = { namespaceSelector: {} }
const EVERY_ADDRESS = { ipBlock: { cidr: '0.0.0.0/0' } }

const holes: readonly Break<Site>[] = [
  hole({
    how: 'everybody may reach every pod and be reached by it',
    opens: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [{}], egress: [{}] },
    red: failing(/orders-nats-0 answers the operator on port 8222/, KNOCKED_SECONDS),
  }),
  hole({
    how: 'workers may be reached by everybody',
    opens: ingress('worker', [{}]),
    red: probes(
      'a (NATS node|backup Job|retention Job|pod that is none of ours)',
      'orders-worker on port 808[01]',
    ),
  }),
  hole({
    how: 'workers may reach everything',
    opens: egress('worker'),
    red: probes('a worker', String.raw`(s3\.\S+ on port 7070|the API server on port 443)`),
  }),
  hole({
    how: 'NATS may be reached by its neighbours',
    opens: ingress('nats', [{ from: [{ podSelector: {} }] }]),
    red: probes('a pod that is none of ours', 'orders-nats-0 on port (4222|8222)'),
  }),
  hole({
    how: 'NATS may reach everything',
    opens: egress('nats'),
    red: probes('a NATS node', String.raw`(clickhouse\.\S+ on port 8123|s3\.\S+ on port 7070)`),
  }),
  hole({
    how: 'backups may reach everything',
    opens: egress('backup'),
    red: probes('a backup Job', String.raw`(s3\.\S+ on port 7070|smtp-sink\S+ on port 2525)`),
  }),
  hole({
    how: 'NATS may be reached on its monitoring port alone, from its own namespace',
    opens: ingress('nats', [{ from: [{ podSelector: {} }], ports: [{ protocol: 'TCP', port: 8222 }] }]),
    red: probes('a pod that is none of ours', 'orders-nats-0 on port 8222'),
  }),
  hole({
    how: 'NATS may be reached on its monitoring port from every namespace',
    opens: ingress('nats', [{ from: [EVERY_NAMESPACE], ports: [{ protocol: 'TCP', port: 8222 }] }]),
    red: failing(/orders-nats-0 answers the operator on port 8222/, KNOCKED_SECONDS),
  }),
  hole({
    how: 'retention may reach every address, by 0.0.0.0/0',
    opens: egress('retention', [{ to: [EVERY_ADDRESS] }]),
    red: probes('a retention Job', String.raw`(clickhouse\.\S+ on port 8123|smtp-sink\S+ on port 2525)`),
  }),
]

const REFUSAL = 'somebody forbids orders-nats here'

/** Admission refuses one of ours, from now on, in this namespace. */
async function withhold({ here }: Site, name: string): Promise<void> {
  const policy = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: NAMESPACE } }
  await here.apply({
    ...policy,
    kind: 'ValidatingAdmissionPolicy',
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } },
        resourceRules: [
          {
            apiGroups: ['networking.k8s.io'],
            apiVersions: ['v1'],
            operations: ['CREATE'],
            resources: ['networkpolicies'],
          },
        ],
      },
      validations: [{ expression: `object.metadata.name != '${name}'`, message: REFUSAL }],
    },
  })
  await here.apply({
    ...policy,
    kind: 'ValidatingAdmissionPolicyBinding',
    spec: { policyName: NAMESPACE, validationActions: ['Deny'] },
  })
  // It holds a moment after it was written.
  await eventually('what is withheld is refused', async () => {
    const probe = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name } }
    const trial = ['-n', NAMESPACE, 'create', '--dry-run=server', '-f', '-']
    const said = await kubectl(
      here.cluster,
      trial,
      JSON.stringify({ ...probe, spec: { podSelector: {} } }),
    ).catch(String)
    return said.includes(REFUSAL) ? true : undefined
  })
}

async function handOver({ here }: Site): Promise<void> {
  for (const kind of ['validatingadmissionpolicybinding', 'validatingadmissionpolicy'])
    await here.kubectl('delete', kind, NAMESPACE, '--ignore-not-found')
}

const ours: readonly Break<Site>[] = [
  {
    how: 'a policy of ours deleted, and its return refused by admission',
    breakIt: async (site) => {
      await withhold(site, 'orders-nats')
      await site.here.kubectl('delete', 'networkpolicy', 'orders-nats')
    },
    red: {
      at: 'NetworkPolicyReady',
      is: 'False',
      says: new RegExp(`^WriteRefused: .*${REFUSAL}`),
      withinSeconds: 60,
    },
    whileRed: async ({ here }) => {
      // NATS is then reached by nobody, so that nothing is proven of it either.
      await eventually('network-enforced is not Proven', async () => {
        const found = (await here.sender()).status.checks?.find(({ name }) => name === 'network-enforced')
        return found?.state === 'Proven' ? undefined : true
      })
    },
    mend: handOver,
    mended: async ({ here }) => (await here.get('networkpolicy', 'orders-nats')) !== undefined,
    green: { at: 'NetworkPolicyReady', is: 'True', withinSeconds: 120 },
    never: ['Stalled'],
  },
  {
    how: 'nobody enforces policies any more',
    breakIt: stopEnforcing,
    red: failing(/orders-nats-0 answers the operator on port 8222/, KNOCKED_SECONDS),
    mend: startEnforcing,
    mended: isProven,
    green: PROVEN,
    steady: ['Ready'],
  },
]

const s3 = {
  endpoint: `http://s3.${NAMESPACE}.svc.cluster.local:7070`,
  bucket: 'batchsender',
  prefix: 'backups/',
  credentialsSecretRef: { name: 's3' },
}

const SPEC = {
  clickhouse: {
    external: {
      url: `http://clickhouse.${NAMESPACE}.svc.cluster.local:8123`,
      insecure: true,
      credentialsSecretRef: { name: 'clickhouse' },
    },
    backup: { destination: { namedCollection: 'backup_s3', s3 }, retention: {} },
  },
  network: {
    clients: [FROM_HERE],
    natsClients: [FROM_HERE],
    egress: {
      postgres: [{ podSelector: { matchLabels: { app: 'postgres' } } }],
      s3: [{ podSelector: { matchLabels: { app: 's3' } } }],
    },
  },
}

export const network = group<Site>({
  name: 'network',
  open: async () => {
    const site = await openSite(NAMESPACE, SPEC)
    return {
      ...site,
      // Whatever became of the rows: others want their policies enforced.
      close: async () => {
        await startEnforcing()
        await handOver(site)
        await site.close()
      },
    }
  },
  breaks: [...holes, ...ours],
})
