/** What a person or another program does to objects of ours, to names of ours, and to the operator itself. */
import { group, type Break, type Place, type Telling } from './break.ts'
import { patched } from './hands.ts'
import { batchSender, Environment, NAME } from '../environment.ts'
import { operatorRestarts, removeTenant, startEndless, tellOfTenant } from './tenant.ts'

const NAMESPACE = 'brk-ownership'
/** Watches tell of it at once; a pass and a write follow. */
const HEAL_SECONDS = 60
/** Workers and NATS start anew. */
const START_SECONDS = 240
/** A place outside is asked twice a minute, and the third answer in a row is believed. */
const OUTSIDE_SECONDS = 180

const READY: Telling = { at: 'Ready', is: 'True', withinSeconds: HEAL_SECONDS }
const READY_AGAIN: Telling = { ...READY, withinSeconds: START_SECONDS }
const clickhouse = {
  external: {
    url: `http://clickhouse.${NAMESPACE}.svc.cluster.local:8123`,
    insecure: true,
    credentialsSecretRef: { name: 'clickhouse' },
  },
  archive: {},
}
const SPEC = { clickhouse }

const valueOf = ({ here }: Place, kind: string, name: string, path: string) =>
  here.kubectl('get', kind, name, '-o', `jsonpath=${path}`)

const MANAGED_BY = '{.metadata.labels.app\\.kubernetes\\.io/managed-by}'

/** Under names of ours, of kinds that have little to them. */
const FOREIGN: readonly { kind: string; name: string; rest?: object }[] = [
  { kind: 'ConfigMap', name: 'orders-nats' },
  { kind: 'ServiceAccount', name: 'orders-worker' },
  { kind: 'Secret', name: 'orders-nats-server' },
  { kind: 'Secret', name: 'orders-nats-worker' },
  { kind: 'Service', name: 'orders-nats', rest: { spec: { ports: [{ port: 1 }] } } },
  { kind: 'Service', name: 'orders-worker', rest: { spec: { ports: [{ port: 1 }] } } },
  {
    kind: 'PodDisruptionBudget',
    name: 'orders-nats',
    rest: { spec: { selector: { matchLabels: { theirs: 'nats' } }, maxUnavailable: 1 } },
  },
  {
    kind: 'NetworkPolicy',
    name: 'orders-default-deny',
    rest: { spec: { podSelector: { matchLabels: { theirs: 'nobody' } } } },
  },
]
const API: Readonly<Record<string, string>> = {
  PodDisruptionBudget: 'policy/v1',
  NetworkPolicy: 'networking.k8s.io/v1',
}

async function forEachForeign(each: (kind: string, name: string, rest: object) => Promise<unknown>) {
  for (const { kind, name, rest = {} } of FOREIGN) await each(kind, name, rest)
}

interface OwnershipSite extends Place {
  /** How often the operator was started anew before. */
  restarts: string
}

const breaks: readonly Break<OwnershipSite>[] = [
  {
    how: 'the labels of a child removed',
    breakIt: (site) =>
      patched(site.here, 'service', 'orders-worker', {
        metadata: { labels: { 'app.kubernetes.io/managed-by': null, 'app.kubernetes.io/instance': null } },
      }),
    mended: async (site) =>
      (await valueOf(site, 'service', 'orders-worker', MANAGED_BY)) === 'batchsender-operator',
    steady: ['Ready'],
    green: READY,
  },
  {
    how: 'the owner of a child removed',
    breakIt: (site) =>
      patched(site.here, 'service', 'orders-worker', { metadata: { ownerReferences: null } }),
    red: {
      at: 'Stalled',
      is: 'True',
      says: /^NameConflict: .*Service orders-worker/,
      withinSeconds: HEAL_SECONDS,
    },
    mend: ({ here }) =>
      here.kubectl('annotate', '--overwrite', 'bs', NAME, 'batchsender.io/adoptOrphans=true'),
    mended: async (site) =>
      (await valueOf(site, 'service', 'orders-worker', '{.metadata.ownerReferences[0].kind}')) ===
      'BatchSender',
    green: READY,
  },
  {
    how: 'every child left behind by --cascade=orphan, and the BatchSender made again',
    breakIt: async ({ here }) => {
      await here.kubectl('delete', 'bs', NAME, '--cascade=orphan', '--wait=true')
      await here.apply(batchSender(NAMESPACE, SPEC))
    },
    red: { at: 'Stalled', is: 'True', says: /^NameConflict: /, withinSeconds: HEAL_SECONDS },
    mend: ({ here }) =>
      here.kubectl('annotate', '--overwrite', 'bs', NAME, 'batchsender.io/adoptOrphans=true'),
    green: READY_AGAIN,
  },
  {
    how: 'the BatchSender deleted and made again at once',
    breakIt: async ({ here }) => {
      await here.kubectl('delete', 'bs', NAME, '--wait=true')
      await here.apply(batchSender(NAMESPACE, SPEC))
    },
    green: READY_AGAIN,
  },
  {
    how: 'objects of somebody else under eight names of ours',
    breakIt: async ({ here }) => {
      await here.kubectl('delete', 'bs', NAME, '--wait=true', '--cascade=foreground')
      await forEachForeign((kind, name, rest) =>
        here.apply({ apiVersion: API[kind] ?? 'v1', kind, metadata: { name }, ...rest }),
      )
      await here.apply(batchSender(NAMESPACE, SPEC))
    },
    red: { at: 'Stalled', is: 'True', says: /^NameConflict: /, withinSeconds: HEAL_SECONDS },
    whileRed: async (site) => {
      await forEachForeign(async (kind, name) => {
        const [label, owner] = [
          await valueOf(site, kind, name, MANAGED_BY),
          await valueOf(site, kind, name, '{.metadata.ownerReferences}'),
        ]
        if (label !== '' || owner !== '') throw new Error(`${kind} ${name} of somebody else was taken`)
      })
    },
    mend: ({ here }) => forEachForeign((kind, name) => here.kubectl('delete', kind, name)),
    green: READY_AGAIN,
  },
  {
    how: 'a field of ours fought over, a hundred edits in a row',
    breakIt: async (site) => {
      for (let edit = 0; edit < 100; edit += 1)
        await patched(site.here, 'service', 'orders-worker', { spec: { selector: { theirs: String(edit) } } })
    },
    mended: async (site) =>
      !(await valueOf(site, 'service', 'orders-worker', '{.spec.selector}')).includes('theirs'),
    steady: ['Ready'],
    green: READY,
  },
  {
    how: 'the policy that denies by default deleted twenty times',
    breakIt: async ({ here }) => {
      for (let time = 0; time < 20; time += 1)
        await here.kubectl(
          'delete',
          'networkpolicy',
          'orders-default-deny',
          '--ignore-not-found',
          // It is back so soon that the program would not see it gone.
          '--wait=false',
        )
    },
    mended: async ({ here }) => (await here.get('networkpolicy', 'orders-default-deny')) !== undefined,
    steady: ['Ready'],
    green: READY,
  },
  {
    how: 'ClickHouse said to be where the API server is, spelt as an address of IPv6',
    breakIt: (site) =>
      patched(site.here, 'bs', NAME, {
        spec: { clickhouse: { external: { url: 'http://[::ffff:10.96.0.1]:443' } } },
      }),
    red: {
      at: 'ArchiveReady',
      is: 'False',
      says: /is an address that the operator does not dial/,
      withinSeconds: OUTSIDE_SECONDS,
    },
    mend: (site) =>
      patched(site.here, 'bs', NAME, {
        spec: { clickhouse: { external: { url: clickhouse.external.url } } },
      }),
    green: { at: 'ArchiveReady', is: 'True', withinSeconds: OUTSIDE_SECONDS },
  },
  {
    how: 'a check waived without a word, and one that there is not',
    breakIt: async (site) => {
      for (const waive of [
        [{ check: 'network-enforced', reason: ' ' }],
        [{ check: 'nobody-knows', reason: 'it does not matter' }],
      ]) {
        const refusal = await patched(site.here, 'bs', NAME, { spec: { readiness: { waive } } }).then(
          () => 'accepted',
          (error: unknown) => String(error),
        )
        if (!/reason|check must be one of/.test(refusal)) throw new Error(`the API server said: ${refusal}`)
      }
    },
    steady: ['Ready'],
    green: READY,
  },
  {
    how: 'a ClickHouse of a tenant that answers without end',
    breakIt: async (site) => {
      site.restarts = await operatorRestarts(site)
      await startEndless(site)
      await tellOfTenant(site, NAMESPACE, OUTSIDE_SECONDS)
      await site.here.kubectl('delete', 'service', 'orders-worker')
    },
    mended: async (site) => {
      if ((await operatorRestarts(site)) !== site.restarts) throw new Error('the operator was started anew')
      return (await site.here.get('service', 'orders-worker')) !== undefined
    },
    mend: removeTenant,
    steady: ['Ready'],
    green: READY,
  },
]

export const ownership = group<OwnershipSite>({
  name: 'ownership',
  open: async () => {
    const here = await Environment.start(NAMESPACE, { spec: SPEC })
    return { here, close: () => here.stop(), restarts: '' }
  },
  breaks,
})
