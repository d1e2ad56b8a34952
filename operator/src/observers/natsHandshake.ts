/** Shakes hands with every NATS node: which certificate it serves, and whom it turns away. */
import type { Duplex } from 'node:stream'
import { connect as connectTcp, type LookupFunction } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { NatsAddress } from '../components/desired.ts'
import type { NodeHandshake, Sender } from '../components/snapshot.ts'
import type { Observer } from './watchman.ts'

const DEADLINE_MS = 4_000
/** How long a server may take to turn away who has no certificate: TLS 1.3 tells only after the handshake. */
const VERDICT_MS = 3_000

export interface HandshakeTargets {
  readonly addresses: (sender: Sender) => readonly NatsAddress[]
  /** Serial that every node should serve; nothing while none is issued. */
  readonly issuedSerial: (sender: Sender) => string | undefined
  /** How the nodes' names become addresses; the system's way by default. */
  readonly lookup?: LookupFunction
}

export function natsHandshake({
  addresses,
  issuedSerial,
  lookup,
}: HandshakeTargets): Observer<'natsHandshake'> {
  return {
    name: 'natsHandshake',
    async look(sender) {
      const targets = addresses(sender)
      const issued = issuedSerial(sender)
      if (targets.length === 0 || issued === undefined) return undefined
      const nodes = await Promise.all(targets.map((address) => shakeHands(address, lookup)))
      const good = nodes.every(
        (node) => node.servedSerial === issued && node.refusesPlain && node.refusesAnonymous,
      )
      return { good, seen: { nodes } }
    },
  }
}

/**
 * A NATS server greets in plain text with an INFO line, then waits for TLS. Its certificate is seen before ours would
 * be asked for, so the proof needs no credentials at all. Never throws.
 */
export async function shakeHands(address: NatsAddress, lookup?: LookupFunction): Promise<NodeHandshake> {
  const name = address.node
  try {
    const [served, refusesPlain] = await Promise.all([
      anonymousHandshake(address, lookup),
      plainRefused(address, lookup),
    ])
    return { name, ...served, refusesPlain }
  } catch (error) {
    return { name, fault: error instanceof Error ? faultText(error) : 'did not answer' }
  }
}

/** Shows no certificate and sends a CONNECT: the server must close without a PONG. */
async function anonymousHandshake(
  address: NatsAddress,
  lookup?: LookupFunction,
): Promise<Pick<NodeHandshake, 'servedSerial' | 'refusesAnonymous'>> {
  const plain = await dial(address, lookup)
  await firstLine(plain)
  // Who signs is compared by serial with what was issued; here it only matters what is shown.
  const socket = connectTls({ socket: plain, servername: address.host, rejectUnauthorized: false })
  try {
    await secured(socket)
    const servedSerial = socket.getPeerCertificate().serialNumber
    const refusesAnonymous = !(await answersPing(socket))
    return { servedSerial, refusesAnonymous }
  } finally {
    socket.destroy()
    plain.destroy()
  }
}

/** Speaks on without TLS: the server must close without a PONG. */
async function plainRefused(address: NatsAddress, lookup?: LookupFunction): Promise<boolean> {
  const socket = await dial(address, lookup)
  try {
    await firstLine(socket)
    return !(await answersPing(socket))
  } finally {
    socket.destroy()
  }
}

function dial({ host, port }: NatsAddress, lookup?: LookupFunction) {
  return within(
    new Promise<ReturnType<typeof connectTcp>>((resolve, reject) => {
      const socket = connectTcp({ host, port, timeout: DEADLINE_MS, ...(lookup && { lookup }) })
      socket.once('connect', () => {
        resolve(socket)
      })
      socket.once('timeout', () => socket.destroy(new Late('did not answer in time')))
      socket.once('error', reject)
    }),
    'did not answer in time',
  )
}

function secured(socket: TLSSocket): Promise<void> {
  return within(
    new Promise((resolve, reject) => {
      socket.once('secureConnect', resolve)
      socket.once('error', reject)
      socket.once('close', () => {
        reject(new Error('closed during the TLS handshake'))
      })
    }),
    'did not finish the TLS handshake in time',
  )
}

/** The INFO line, byte by byte: whatever follows belongs to TLS. */
function firstLine(socket: Duplex): Promise<void> {
  return within(
    new Promise((resolve, reject) => {
      const take = () => {
        for (let byte: Buffer | null = take1(socket); byte; byte = take1(socket)) {
          if (byte[0] !== 0x0a) continue
          socket.removeListener('readable', take)
          resolve()
          return
        }
      }
      socket.on('readable', take)
      socket.once('error', reject)
      socket.once('end', () => {
        reject(new Error('closed before greeting'))
      })
    }),
    'did not greet in time',
  )
}

function take1(socket: Duplex): Buffer | null {
  return socket.read(1) as Buffer | null
}

/** Silence is no refusal: a server that is slow may still let everybody in. */
function answersPing(socket: Duplex): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let text = ''
    const timer = setTimeout(() => {
      reject(new Late('did not say whether it lets us in'))
    }, VERDICT_MS)
    const decide = (answer: boolean) => {
      clearTimeout(timer)
      resolve(answer)
    }
    socket.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString('latin1')).slice(-1_024)
      if (text.includes('PONG')) decide(true)
    })
    socket.once('error', () => {
      decide(false)
    })
    socket.once('close', () => {
      decide(false)
    })
    socket.write('CONNECT {"verbose":false,"pedantic":false,"name":"batchsender-probe"}\r\nPING\r\n')
  })
}

async function within<Result>(work: Promise<Result>, fault: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Late(fault))
    }, DEADLINE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * One word for every way of not getting through: which of them it is changes from look to look, and a status must not.
 */
function faultText(error: Error): string {
  const isOfNetwork = error instanceof Late || ('code' in error && typeof error.code === 'string')
  return isOfNetwork ? 'cannot be reached' : error.message
}

class Late extends Error {}
