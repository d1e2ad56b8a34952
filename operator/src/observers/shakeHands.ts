/** A handshake with a NATS server: which certificate it serves, and whom it turns away. */
import type { Duplex } from 'node:stream'
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls'
import type { NatsAddress } from '../components/parts/natsAccess.ts'
import type { NodeHandshake } from '../components/nats/seen.ts'
import { keyHash } from '../adapters/trust.ts'

const DEADLINE_MS = 4_000
/** How long a server may take to turn away who has no certificate: TLS 1.3 tells only after the handshake. */
const VERDICT_MS = 3_000

/**
 * A NATS server greets in plain text with an INFO line, then waits for TLS. Its certificate is seen before ours would
 * be asked for, so the proof needs no credentials at all. Never throws.
 * @param trust in PEM: who is to believe the certificate
 */
export async function shakeHands(
  address: NatsAddress,
  trust: string,
  lookup?: LookupFunction,
): Promise<NodeHandshake> {
  const name = address.node
  const [served, refusesPlain] = await Promise.all([
    anonymousHandshake(address, trust, lookup).catch((error: unknown) => ({ fault: faultText(error) })),
    // A server that speaks no TLS at all lets everybody in, and shows nothing.
    plainRefused(address, lookup).catch(() => undefined),
  ])
  return { name, ...served, ...(refusesPlain !== undefined && { refusesPlain }) }
}

/** Shows no certificate and sends a CONNECT: the server must close without a PONG. */
async function anonymousHandshake(
  address: NatsAddress,
  trust: string,
  lookup?: LookupFunction,
): Promise<Omit<NodeHandshake, 'name'>> {
  const plain = await dial(address, lookup)
  try {
    await firstLine(plain)
    return await shownOver(plain, address, trust)
  } finally {
    plain.destroy()
  }
}

async function shownOver(
  plain: Socket,
  address: NatsAddress,
  trust: string,
): Promise<Omit<NodeHandshake, 'name'>> {
  // Names are looked at beside the chain, so that both faults are told.
  const socket = connectTls({
    socket: plain,
    servername: address.host,
    ca: trust,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  })
  try {
    await secured(socket)
    const shown = socket.getPeerX509Certificate()
    if (!shown) throw new Error('shows no certificate')
    const isMisnamed = checkServerIdentity(address.host, shown.toLegacyObject()) !== undefined
    const distrust = distrustOf(socket)
    const refusesAnonymous = !(await answersPing(socket))
    return {
      servedSerial: shown.serialNumber,
      servedKeyHash: keyHash(shown),
      ...(distrust && { distrust }),
      ...(isMisnamed && { isMisnamed }),
      refusesAnonymous,
    }
  } finally {
    socket.destroy()
  }
}

/** Node gives OpenSSL's code of the chain's fault, whatever its type says. */
function distrustOf({ authorized, authorizationError }: TLSSocket): NodeHandshake['distrust'] {
  if (authorized) return undefined
  const code = String(authorizationError)
  if (code === 'CERT_HAS_EXPIRED') return 'expired'
  return code === 'CERT_NOT_YET_VALID' ? 'notYetValid' : 'untrusted'
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

/** A greeting has a few hundred; one of thousands of routes has less. */
const MOST_GREETING_BYTES = 262_144

/** The INFO line: whatever follows belongs to TLS. */
function firstLine(socket: Duplex): Promise<void> {
  return within(
    new Promise((resolve, reject) => {
      let bytes = 0
      const take = () => {
        const chunk = socket.read() as Buffer | null
        if (chunk === null) return
        const end = chunk.indexOf(LINE_FEED)
        bytes += chunk.length
        if (end === -1 && bytes <= MOST_GREETING_BYTES) return
        socket.removeListener('readable', take)
        if (end === -1) reject(new Error('greets without end'))
        if (end + 1 < chunk.length && end !== -1) socket.unshift(chunk.subarray(end + 1))
        resolve()
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

const LINE_FEED = 0x0a

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
function faultText(error: unknown): string {
  if (!(error instanceof Error)) return 'did not answer'
  const isOfNetwork = error instanceof Late || ('code' in error && typeof error.code === 'string')
  return isOfNetwork ? 'cannot be reached' : error.message
}

class Late extends Error {}
