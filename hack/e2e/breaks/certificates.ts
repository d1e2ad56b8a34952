/** The certificates of NATS and their CA, replaced, spoilt and lost. */
import { X509Certificate } from 'node:crypto'
import { group, type Break } from './break.ts'
import {
  deletedAndBack,
  expectSamePods,
  leafLike,
  notedOf,
  notePods,
  openSite,
  putSecret,
  respec,
  secretOf,
  serialOf,
  userCa,
  type Site,
} from './hands.ts'

const SERVER = 'orders-nats-server'
const OWN_CA = 'orders-nats-ca'
const USER_CA = 'our-ca'
const CHECK = 'nats-tls-adopted'
const HOUR_MS = 3_600_000
/** As long as certificates are backdated: two thirds of its life are over when it is made. */
const FIVE_MINUTES_MS = 300_000
/** What was renewed is read by every node within three minutes, or after a start; see docs/certificates.md. */
const ADOPTED_SECONDS = 420
/** Another CA first rolls the nodes, which is done once they trust it. */
const PROVEN = { at: CHECK, is: 'Proven', withinSeconds: ADOPTED_SECONDS } as const
/** A change of a Secret of the user's is seen within 45 s. */
const SEEN_SECONDS = 90

/** Every node serves what the Secret holds, as the operator has seen in a handshake. */
async function isServed({ here }: Site): Promise<boolean> {
  const { 'tls.crt': certificate } = await secretOf(here, SERVER)
  if (certificate === undefined) return false
  const nodes = (await here.sender()).status.evidence?.natsTls?.nodes ?? []
  return nodes.length > 0 && nodes.every(({ servedSerial }) => servedSerial === serialOf(certificate))
}

/** What the CA in a Secret signed is served. */
async function isServedBy(site: Site, secret: string): Promise<boolean> {
  const [{ 'tls.crt': ca }, { 'tls.crt': leaf }] = [
    await secretOf(site.here, secret),
    await secretOf(site.here, SERVER),
  ]
  if (ca === undefined || leaf === undefined) return false
  const issuer = new X509Certificate(ca)
  return new X509Certificate(leaf).verify(issuer.publicKey) && (await isServed(site))
}

/** Puts another certificate into the Secret of the servers, and notes its serial. */
async function forge(site: Site, issuer: Readonly<Record<string, string>>, lifeMs?: number): Promise<void> {
  await notePods(site, 'nats')
  const { 'tls.crt': present = '' } = await secretOf(site.here, SERVER)
  const { 'tls.crt': certificate = '', 'tls.key': key = '' } = issuer
  const leaf = await leafLike(present, { certificate, key }, lifeMs)
  site.noted.set('serial', serialOf(leaf['tls.crt']))
  await putSecret(site.here, SERVER, leaf)
}

/** Neither the forged one nor a roll is left of it. */
async function isForgotten(site: Site): Promise<boolean> {
  await expectSamePods(site, 'nats')
  const { 'tls.crt': present } = await secretOf(site.here, SERVER)
  return present !== undefined && serialOf(present) !== notedOf(site, 'serial') && isServed(site)
}

const ofServers: readonly Break<Site>[] = [
  {
    how: 'another certificate of the same CA in the Secret of the servers: it is taken, and rolls nothing',
    breakIt: async (site) => forge(site, await secretOf(site.here, OWN_CA)),
    mended: async (site) => {
      await expectSamePods(site, 'nats')
      const { 'tls.crt': present = '' } = await secretOf(site.here, SERVER)
      return serialOf(present) === notedOf(site, 'serial') && isServed(site)
    },
    green: PROVEN,
    steady: ['Ready', CHECK],
  },
  {
    how: 'a certificate of another CA in the Secret of the servers: it is made anew, and rolls nothing',
    breakIt: async (site) => forge(site, await userCa('somebody')),
    mended: isForgotten,
    green: PROVEN,
    steady: ['Ready'],
  },
  {
    how: 'a certificate that ends in five minutes in the Secret of the servers: it is renewed',
    breakIt: async (site) => forge(site, await secretOf(site.here, OWN_CA), FIVE_MINUTES_MS),
    mended: isForgotten,
    green: PROVEN,
    steady: ['Ready', CHECK],
  },
  {
    how: 'the Secret of the servers deleted: it is back at once, and rolls nothing',
    breakIt: async (site) => {
      await notePods(site, 'nats')
      const { 'tls.crt': present = '' } = await secretOf(site.here, SERVER)
      site.noted.set('serial', serialOf(present))
      await site.here.kubectl('delete', 'secret', SERVER)
    },
    mended: isForgotten,
    green: PROVEN,
    steady: ['Ready'],
  },
]

const ofCa: readonly Break<Site>[] = [
  {
    how: 'the Secret of its own CA deleted: another CA signs anew',
    breakIt: ({ here }) => here.kubectl('delete', 'secret', OWN_CA),
    mended: (site) => isServedBy(site, OWN_CA),
    green: PROVEN,
    never: ['Stalled'],
  },
  {
    how: 'garbage as the key of its own CA: another CA signs anew',
    breakIt: async (site) => {
      const { 'tls.crt': ca = '' } = await secretOf(site.here, OWN_CA)
      site.noted.set('ca', serialOf(ca))
      await putSecret(site.here, OWN_CA, { 'tls.key': 'garbage' })
    },
    mended: async (site) => {
      const { 'tls.crt': ca } = await secretOf(site.here, OWN_CA)
      if (ca === undefined || serialOf(ca) === notedOf(site, 'ca')) return false
      return isServedBy(site, OWN_CA)
    },
    green: PROVEN,
    never: ['Stalled'],
  },
  {
    how: 'issuerSecretRef set to a CA of the user’s (P-256): it signs anew',
    breakIt: async ({ here }) => {
      await putSecret(here, USER_CA, await userCa('ours'))
      await respec(here, { nats: { tls: { issuerSecretRef: { name: USER_CA } } } })
    },
    mended: (site) => isServedBy(site, USER_CA),
    green: PROVEN,
    never: ['Stalled'],
  },
  {
    how: 'another CA in the Secret that issuerSecretRef names: it signs anew',
    breakIt: async ({ here }) => putSecret(here, USER_CA, await userCa('ours, the second')),
    mended: (site) => isServedBy(site, USER_CA),
    green: PROVEN,
    never: ['Stalled'],
  },
]

const ISSUED = { at: 'NatsTLSReady', is: 'True', says: /^Issued: /, withinSeconds: ADOPTED_SECONDS } as const

/** Rows that put a CA of the user's away, and bring it back. */
async function replaceUserCa(site: Site, by: Readonly<Record<string, string>>): Promise<void> {
  const present = await secretOf(site.here, USER_CA)
  for (const [key, text] of Object.entries(present)) site.noted.set(key, text)
  await putSecret(site.here, USER_CA, by)
}

const restoreUserCa = (site: Site) =>
  putSecret(site.here, USER_CA, {
    'tls.crt': notedOf(site, 'tls.crt'),
    'tls.key': notedOf(site, 'tls.key'),
  })

const ofUserCa: readonly Break<Site>[] = [
  {
    how: 'an ed25519 CA in the Secret that issuerSecretRef names',
    breakIt: async (site) => replaceUserCa(site, await userCa('ours', 'ed25519')),
    red: {
      at: 'NatsTLSReady',
      is: 'False',
      says: /^IssuerUnusable: the CA in Secret our-ca cannot be used: /,
      withinSeconds: SEEN_SECONDS,
    },
    whileRed: async (site) => {
      await deletedAndBack(site.here, 'service', 'orders-worker')
      await deletedAndBack(site.here, 'networkpolicy', 'orders-default-deny')
    },
    mend: restoreUserCa,
    green: ISSUED,
  },
  {
    how: 'a CA without its key in the Secret that issuerSecretRef names',
    breakIt: async (site) => {
      const { 'tls.key': key } = await userCa('somebody')
      await replaceUserCa(site, { 'tls.key': key })
    },
    red: {
      at: 'NatsTLSReady',
      is: 'False',
      says: /^IssuerUnusable: the key in Secret our-ca does not belong to its certificate$/,
      withinSeconds: SEEN_SECONDS,
    },
    mend: restoreUserCa,
    green: ISSUED,
  },
  {
    how: 'a CA that ends in an hour in the Secret that issuerSecretRef names',
    breakIt: async (site) =>
      replaceUserCa(site, await userCa('ours', 'p256', new Date(Date.now() + HOUR_MS))),
    red: {
      at: 'NatsTLSReady',
      is: 'True',
      says: /^Ending: all certificates are issued; the CA in Secret our-ca ends at \S+Z: put its successor there$/,
      withinSeconds: ADOPTED_SECONDS,
    },
    mend: restoreUserCa,
    mended: (site) => isServedBy(site, USER_CA),
    green: ISSUED,
  },
]

export const certificates = group<Site>({
  name: 'certificates',
  open: () => openSite('brk-certificates'),
  breaks: [...ofServers, ...ofCa, ...ofUserCa],
})
