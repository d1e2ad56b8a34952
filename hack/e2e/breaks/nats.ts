/** Three nodes of NATS: frozen, opened, led astray under a suspension, kept from starting, and without their key. */
import { group, type Break } from './break.ts'
import { anybody, withoutTls, withoutVerify, writeConfiguration } from './natsConfigurations.ts'
import { startImpostor } from './impostor.ts'
import {
  expectSamePods,
  hurryFiles,
  leafLike,
  notedOf,
  notePods,
  openSite,
  podNames,
  putSecret,
  secretOf,
  suspend,
  suspended,
  userCa,
  type Site,
} from './hands.ts'
import { NAME } from '../environment.ts'
import { eventually } from '../eventually.ts'

const CHECK = 'nats-tls-adopted'
const DATA_KEYS = ['orders-nats-data-key', 'orders-nats-data-key-copy'] as const
const SERVER = 'orders-nats-server'
/** Nodes are looked at every 30 s; three bad looks in a row, each of some seconds, or a minute of them count. */
const LOOKED_AT_SECONDS = 120
const PROVEN = {
  at: CHECK,
  is: 'Proven',
  says: /^all 3 nodes serve the issued certificate, run the wished configuration/,
  withinSeconds: 300,
} as const

const failing = (says: RegExp) =>
  ({ at: CHECK, is: 'Failing', says, withinSeconds: LOOKED_AT_SECONDS }) as const

const deletePod = ({ here }: Site, name: string) => here.kubectl('delete', 'pod', name, '--wait=true')

async function frozen({ here }: Site, ...pods: readonly string[]): Promise<void> {
  for (const pod of pods) await here.signalPod(pod, 'STOP')
}

async function thawed({ here }: Site, ...pods: readonly string[]): Promise<void> {
  for (const pod of pods) await here.signalPod(pod, 'CONT')
}

const ALL = [0, 1, 2].map((index) => `${NAME}-nats-${index}`)

const silence: readonly Break<Site>[] = [
  {
    how: 'SIGSTOP to all three nodes',
    breakIt: (site) => frozen(site, ...ALL),
    red: failing(
      /^orders-nats-0 cannot be reached; orders-nats-1 cannot .*; orders-nats-2 cannot be reached$/,
    ),
    whileRed: ({ here }) =>
      here.kubectl('wait', '--for=condition=Ready=False', `bs/${NAME}`, '--timeout=120s'),
    mend: (site) => thawed(site, ...ALL),
    green: PROVEN,
    never: ['Stalled'],
  },
  {
    how: 'SIGSTOP to one node of three: it is named, and the others carry on',
    breakIt: (site) => frozen(site, 'orders-nats-1'),
    red: failing(/^orders-nats-1 cannot be reached$/),
    mend: (site) => thawed(site, 'orders-nats-1'),
    green: PROVEN,
    never: ['Stalled'],
  },
  {
    how: 'a quota that keeps a deleted node from coming back',
    breakIt: async (site) => {
      await site.here.apply({
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'no-pods' },
        spec: { hard: { pods: '0' } },
      })
      await deletePod(site, 'orders-nats-2')
    },
    red: failing(/^orders-nats-2 cannot be reached$/),
    mend: ({ here }) => here.kubectl('delete', 'resourcequota', 'no-pods'),
    green: PROVEN,
    never: ['Stalled'],
  },
  {
    how: 'a pod that takes the name of a node behind the headless Service and speaks NATS in plain text',
    breakIt: ({ here }) => startImpostor(here, 'orders-nats-0'),
    red: failing(/orders-nats-0 accepts plain-text clients/),
    mend: ({ here }) => here.kubectl('delete', 'pod', 'impostor', '--wait=true'),
    green: PROVEN,
    never: ['Stalled'],
  },
]

/** Another file than the one that is wished, read by a node that starts while nothing is put back. */
async function started(site: Site, node: string, configuration: string): Promise<void> {
  await suspended(site.here)
  await writeConfiguration(site.here, configuration)
  await deletePod(site, node)
}

/** What a person does who will not wait: once the file is put back, the node is started anew. */
async function restarted(site: Site, node: string, file: string, isBack: (text: string) => boolean) {
  const { here } = site
  await suspend(here, false)
  await eventually(`${file} is put back`, async () => {
    const [kind = '', name = ''] = file.split('/')
    return isBack(JSON.stringify(await here.get(kind, name))) ? true : undefined
  })
  await deletePod(site, node)
  await hurryFiles(here, 'nats')
}

const underSuspension: readonly Break<Site>[] = [
  {
    how: 'NATS opened under a suspension by a configuration without verification of clients',
    breakIt: async (site) => started(site, 'orders-nats-1', await withoutVerify(site.here)),
    red: failing(/^orders-nats-1 accepts clients without a certificate/),
    whileRed: ({ here }) => here.kubectl('wait', '--for=condition=Ready', `bs/${NAME}`, '--timeout=60s'),
    mend: (site) =>
      restarted(site, 'orders-nats-1', 'configmap/orders-nats', (text) => !text.includes('no_auth_user')),
    green: PROVEN,
  },
  {
    how: 'a certificate of another CA in the Secret of the servers under a suspension, and a node that starts with it',
    breakIt: async (site) => {
      const { here } = site
      await suspended(here)
      const { 'tls.crt': present = '' } = await secretOf(here, SERVER)
      const { 'tls.crt': certificate, 'tls.key': key } = await userCa('somebody')
      const forged = await leafLike(present, { certificate, key })
      site.noted.set('forged', Buffer.from(forged['tls.crt']).toString('base64'))
      await putSecret(here, SERVER, forged)
      await deletePod(site, 'orders-nats-2')
    },
    red: failing(/orders-nats-2 serves a certificate that is not signed by a CA that clients trust/),
    mend: (site) =>
      restarted(site, 'orders-nats-2', `secret/${SERVER}`, (text) => !text.includes(notedOf(site, 'forged'))),
    green: PROVEN,
  },
  {
    how: 'NATS opened under a suspension by a configuration without TLS: told while suspended; resumed, the node is brought back without a hand',
    breakIt: async (site) => started(site, 'orders-nats-0', await withoutTls(site.here)),
    red: failing(/^orders-nats-0 accepts plain-text clients/),
    whileRed: ({ here }) => anybody(here, 'orders-nats-0'),
    mend: ({ here }) => suspend(here, false),
    // Three minutes, then one node after the other; see “A node that strays” in docs/certificates.md.
    green: { ...PROVEN, withinSeconds: 600 },
    never: ['Stalled'],
  },
]

const keys: readonly Break<Site>[] = [
  {
    how: 'both Secrets with the key of the volumes deleted',
    breakIt: async (site) => {
      const { 'data.key': key = '' } = await secretOf(site.here, DATA_KEYS[0])
      site.noted.set('key', key)
      await notePods(site, 'nats')
      await site.here.kubectl('delete', 'secret', ...DATA_KEYS)
    },
    red: {
      at: 'Stalled',
      is: 'True',
      says: /^KeyLost: Secret orders-nats-data-key: the key is gone and volume data-orders-nats-\d was written with it/,
      withinSeconds: 30,
    },
    whileRed: async ({ here }) => {
      if ((await podNames(here, 'nats')).length !== 3) throw new Error('pods of NATS went with the key')
    },
    mend: (site) =>
      putSecret(
        site.here,
        DATA_KEYS[0],
        { 'data.key': notedOf(site, 'key') },
        {
          'app.kubernetes.io/managed-by': 'batchsender-operator',
          'batchsender.io/retained-for': NAME,
        },
      ),
    mended: async (site) => {
      await expectSamePods(site, 'nats')
      const copies = await Promise.all(DATA_KEYS.map((name) => secretOf(site.here, name)))
      return copies.every(({ 'data.key': key }) => key === notedOf(site, 'key'))
    },
    green: { at: 'Ready', is: 'True', withinSeconds: 60 },
  },
]

export const nats = group<Site>({
  name: 'nats',
  open: () =>
    openSite('brk-nats', {
      nats: { managed: { replicas: 3, storage: { size: '1Gi' }, encryption: { enabled: true } } },
    }),
  breaks: [...silence, ...keys, ...underSuspension],
})
