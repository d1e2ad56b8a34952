/** Looks at what every NATS node shows to those who connect, at every address that its name leads to. */
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { lookup as systemLookup } from 'node:dns'
import type { NatsAddress } from '../components/parts/natsAccess.ts'
import type { CertificateFacts, Sender } from '../components/snapshot.ts'
import type { NodeHandshake } from '../components/nats/seen.ts'
import type { Observer } from './watchman.ts'
import { Astray } from './astray.ts'
import { shakeHands } from './shakeHands.ts'

/** What every node should show. @property trust of clients, in PEM */
export interface IssuedCertificate {
  readonly certificate: CertificateFacts
  readonly trust: string
}

export interface HandshakeTargets {
  readonly addresses: (sender: Sender) => readonly NatsAddress[]
  /** Nothing while none is issued. */
  readonly issued: (sender: Sender) => IssuedCertificate | undefined
  /** How the nodes' names become addresses; the system's way by default. */
  readonly lookup?: LookupFunction
}

export function natsHandshake({ addresses, issued, lookup }: HandshakeTargets): Observer<'natsHandshake'> {
  const astray = new Astray()
  return {
    name: 'natsHandshake',
    async look(sender) {
      const targets = addresses(sender)
      const wanted = issued(sender)
      if (targets.length === 0 || wanted === undefined) return undefined
      const seen = await Promise.all(targets.map((address) => lookAtNode(address, wanted, lookup)))
      const isGood = (node: NodeHandshake) => isAsIssued(node, wanted.certificate)
      const remarks = seen.map((node) => ({
        name: node.name,
        isAstray: isThere(node) && !isGood(node),
        isSeen: isThere(node),
      }))
      const since = astray.note(`${sender.uid} ${wanted.certificate.serial}`, remarks, new Date())
      const nodes = seen.map((node) => {
        const astraySince = since.get(node.name)
        return { ...node, ...(astraySince && { astraySince }) }
      })
      return { good: seen.every(isGood), seen: { nodes } }
    },
  }
}

/** The key is what is proven in a handshake; everybody can write the serial into a certificate. */
function isAsIssued(node: NodeHandshake, { serial, keyHash }: CertificateFacts): boolean {
  const isShown = node.servedSerial === serial && node.servedKeyHash === keyHash
  const isBelieved = node.distrust === undefined && node.isMisnamed !== true
  return isShown && isBelieved && node.refusesPlain === true && node.refusesAnonymous === true
}

/** More than a node has in any cluster. */
const MOST_ADDRESSES = 8

/**
 * Clients come to any of the addresses that a name leads to, and whoever takes the labels and the name of a node is among
 * them: of those that answer, one that is not as it should be speaks for all.
 */
async function lookAtNode(
  address: NatsAddress,
  { certificate, trust }: IssuedCertificate,
  lookup: LookupFunction = systemLookup,
): Promise<NodeHandshake> {
  const places = await addressesOf(address.host, lookup)
  if (places.length < 2) return shakeHands(address, trust, lookup)
  // Who has pods could hide one among them.
  if (places.length > MOST_ADDRESSES)
    return { name: address.node, fault: `is a name of ${places.length} addresses, and should be of one` }
  const seen = await Promise.all(
    places.map(async (place) => {
      const node = await shakeHands(address, trust, leadingTo(place))
      return { node, place }
    }),
  )
  const answering = seen.filter(({ node }) => isThere(node))
  const worst =
    answering.find(({ node }) => node.refusesPlain === false) ??
    answering.find(({ node }) => !isAsIssued(node, certificate))
  if (worst && answering.length > 1) return { ...worst.node, shownAt: worst.place.address }
  return (answering[0] ?? seen[0])?.node ?? { name: address.node }
}

const isThere = (node: NodeHandshake) => node.servedSerial !== undefined || node.refusesPlain === false

/** In an order of their own, so that the same look says the same. None where the name leads nowhere. */
function addressesOf(host: string, lookup: LookupFunction): Promise<readonly LookupAddress[]> {
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) => {
      if (error || typeof found === 'string') resolve([])
      else resolve(found.toSorted((left, right) => (left.address < right.address ? -1 : 1)))
    })
  })
}

const leadingTo =
  (place: LookupAddress): LookupFunction =>
  (_host, { all }, callback) => {
    if (all) callback(null, [place])
    else callback(null, place.address, place.family)
  }
