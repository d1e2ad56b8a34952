/** Workers and PostgreSQL: edits, wrong credentials, what they need taken away in the middle of a batch. */
import { group, type Break } from './break.ts'
import { durability, durabilityOfUrl } from './postgres.ts'
import {
  deletedAndBack,
  notedOf,
  notePods,
  openSite,
  patched,
  podNames,
  podsOf,
  putSecret,
  respec,
  secretOf,
  type Site,
} from './hands.ts'
import { isAccountedFor, sendingBegun } from './mailUnderWay.ts'
import { batchSender } from '../environment.ts'
import { eventually } from '../eventually.ts'
import { untilReady } from '../../demo/readiness.ts'

const DEPLOYMENT = 'orders-worker'
/** Slow enough for a batch to be under way for a quarter of a minute. */
const MAILS_PER_SECOND = 40
const MAILS = 600
/** What one worker has between claim and record at most, and so in doubt when it is killed (`serve/sending.ts`). */
const SLOTS = 150
/** Heals are seen through a watch; what a worker takes to start is the rest. */
const READY = { at: 'Ready', is: 'True', withinSeconds: 120 } as const
/** With the time for what is left of a batch, leases of a minute among it. */
const SENT = { ...READY, withinSeconds: 300 } as const

const jobs = ({ here }: Site) =>
  here.kubectl('get', 'jobs', '-l', 'app.kubernetes.io/component=migration', '-o', 'name')

const field = ({ here }: Site, path: string) =>
  here.kubectl('get', 'deployment', DEPLOYMENT, '-o', `jsonpath={${path}}`)

/** What was noted of the Deployment is so again. */
const isAsNoted = (path: string) => async (site: Site) =>
  (await field(site, path)) === notedOf(site, path) && (await isComplete(site))

const isComplete = async (site: Site) => (await field(site, '.status.availableReplicas')) === '2'

/** Puts something into the Deployment that the operator did not, as kubectl edit would. */
async function edited(site: Site, path: string, spec: object): Promise<void> {
  site.noted.set(path, await field(site, path))
  await patched(site.here, 'deployment', DEPLOYMENT, { spec })
}

const ofSpec: readonly Break<Site>[] = [
  ...[
    { what: 'worker.http.rateLimitPerIp', worker: { http: { rateLimitPerIp: 1_000 } } },
    {
      what: 'worker.provider.maxPerSecond',
      worker: { provider: { maxPerSecond: MAILS_PER_SECOND } },
    },
  ].map(({ what, worker }): Break<Site> => ({
    how: `an edit of ${what}: nothing is migrated for it, and it is Ready again`,
    breakIt: async (site) => {
      site.noted.set('jobs', await jobs(site))
      await notePods(site, 'worker')
      await respec(site.here, { worker })
    },
    mended: async (site) => {
      if ((await jobs(site)) !== notedOf(site, 'jobs')) throw new Error('the database is migrated for it')
      const { metadata, status } = await site.here.sender()
      return (
        status.observedGeneration === metadata.generation &&
        (await isComplete(site)) &&
        (await podsOf(site.here, 'worker')) !== notedOf(site, 'worker')
      )
    },
    green: READY,
    never: ['Stalled'],
  })),
]

const byHand: readonly Break<Site>[] = [
  {
    how: 'the Deployment deleted: it is back at once, and so are its pods',
    breakIt: ({ here }) => deletedAndBack(here, 'deployment', DEPLOYMENT),
    mended: isComplete,
    green: READY,
    never: ['Stalled'],
  },
  {
    how: 'another image in the Deployment: it is put back',
    breakIt: (site) =>
      edited(site, '.spec.template.spec.containers[0].image', {
        template: { spec: { containers: [{ name: 'worker', image: 'registry.invalid/other:1' }] } },
      }),
    mended: isAsNoted('.spec.template.spec.containers[0].image'),
    green: READY,
    steady: ['Ready'],
  },
  {
    how: 'the Deployment scaled by hand: it is put back',
    breakIt: (site) => edited(site, '.spec.replicas', { replicas: 5 }),
    mended: isAsNoted('.spec.replicas'),
    green: READY,
    steady: ['Ready'],
  },
]

async function password({ here }: Site, change: (url: URL) => void): Promise<void> {
  const { url = '' } = await secretOf(here, 'postgres')
  const address = new URL(url)
  change(address)
  await putSecret(here, 'postgres', { url: address.href })
}

const credentials: Break<Site> = {
  how: 'a wrong password in the Secret of PostgreSQL, and a worker that starts with it: put right, all are replaced',
  breakIt: (site) =>
    password(site, (address) => {
      site.noted.set('password', address.password)
      address.password = 'wrong'
    }),
  red: {
    at: 'WorkerReady',
    is: 'False',
    says: /^CredentialsRefused: PostgreSQL refuses the credentials of Secret postgres \(url\): /,
    // Seen within 45 s, told at the first attempt of the migration.
    withinSeconds: 120,
  },
  whileRed: async (site) => {
    const [first = ''] = await podNames(site.here, 'worker')
    await site.here.kubectl('delete', 'pod', first, '--wait=true')
    await eventually('a worker starts with what is wrong', async () => {
      const names = await podNames(site.here, 'worker')
      return names.length === 2 && !names.includes(first) ? true : undefined
    })
    await notePods(site, 'worker')
  },
  mend: (site) =>
    password(site, (address) => {
      address.password = notedOf(site, 'password')
    }),
  mended: async (site) => {
    const old = notedOf(site, 'worker').split('\n')
    const now = (await podsOf(site.here, 'worker')).split('\n')
    return now.length === 2 && now.every((pod) => !old.includes(pod))
  },
  green: { ...READY, withinSeconds: 240 },
}

const scaled = ({ here }: Site, replicas: number) =>
  here.kubectl('scale', 'deployment/postgres', `--replicas=${replicas}`)

const NODE = 'orders-nats-0'

const underWay: readonly Break<Site>[] = [
  {
    how: 'PostgreSQL scaled to 0 and to 1 in the middle of a batch: each mail is sent once',
    breakIt: async (site) => {
      await sendingBegun(site, MAILS)
      await scaled(site, 0)
    },
    red: { at: 'Ready', is: 'False', says: /^Unavailable: 0 of 2 workers are ready/, withinSeconds: 120 },
    mend: (site) => scaled(site, 1),
    mended: (site) => isAccountedFor(site),
    green: SENT,
    never: ['Stalled'],
  },
  {
    how: 'NATS frozen in the middle of a batch: each mail is sent once',
    breakIt: async (site) => {
      await sendingBegun(site, MAILS)
      await site.here.signalPod(NODE, 'STOP')
    },
    red: {
      at: 'nats-tls-adopted',
      is: 'Failing',
      says: /^orders-nats-0 cannot be reached$/,
      withinSeconds: 120,
    },
    mend: ({ here }) => here.signalPod(NODE, 'CONT'),
    mended: (site) => isAccountedFor(site),
    green: SENT,
    never: ['Stalled'],
  },
  {
    how: 'SIGKILL to a worker, PostgreSQL, NATS and ClickHouse in the middle of a batch: no mail twice, none called sent that was not',
    breakIt: async (site) => {
      const { here } = site
      await sendingBegun(site, MAILS)
      const [worker = ''] = await podNames(here, 'worker')
      await here.killPod(worker)
      for (const app of ['postgres', 'clickhouse']) {
        const name = await here.kubectl(
          'get',
          'pods',
          '-l',
          `app=${app}`,
          '-o',
          'jsonpath={.items[0].metadata.name}',
        )
        await here.killPod(name)
      }
      await here.killPod(NODE)
    },
    mended: (site) => isAccountedFor(site, SLOTS),
    green: SENT,
    never: ['Stalled'],
  },
]

const OTHER = 'invoices'

const shared: Break<Site> = {
  how: 'another BatchSender on the same database in the middle of a batch: told at both, each mail is sent once',
  breakIt: async (site) => {
    const { here } = site
    const other = batchSender(here.namespace)
    await here.apply({ ...other, metadata: { ...other.metadata, name: OTHER } })
    await untilReady(here.cluster, here.namespace, OTHER)
    await sendingBegun(site, MAILS)
  },
  mend: async ({ here }) => {
    await eventually('it is told at both', async () => {
      const text = await here.kubectl(
        'get',
        'bs',
        '-o',
        'jsonpath={range .items[*]}{.metadata.name} {.status.evidence.shared}{"\\n"}{end}',
      )
      return text
        .trim()
        .split('\n')
        .every((line) => line.includes('"what":"postgres"'))
        ? true
        : undefined
    })
    await here.kubectl('delete', 'bs', OTHER, '--wait=true')
  },
  mended: (site) => isAccountedFor(site),
  green: SENT,
  never: ['Stalled'],
}

export const worker = group<Site>({
  name: 'worker',
  open: () => openSite('brk-worker'),
  breaks: [...ofSpec, ...byHand, ...durability, ...underWay, credentials, durabilityOfUrl, shared],
})
