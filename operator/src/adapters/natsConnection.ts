/** One connection to NATS, bounded, to the address that was checked and with a certificate for the name that was asked for. */
import { isIP } from 'node:net'
import type { ConnectionOptions, NatsConnection } from 'nats'
import { connect } from 'nats'
import type { Account } from './answerBudget.ts'
import { boundedTunnel, type Tunnel } from './boundedTunnel.ts'
import { hostOf } from './dialGuard.ts'

export const CONNECT_MS = 5_000

export interface Connected {
  readonly connection: NatsConnection
  readonly tunnel: Tunnel
}

/** The answers that are asked for are some kilobytes; the client itself would keep whatever it is sent. */
const LIMITS = { mostBytes: 262_144, connectMs: CONNECT_MS, lastsMs: 20_000 }

/**
 * @param address where `server` led when it was checked
 * @param account what it may hold beside all others
 */
export async function connected(
  server: string,
  address: string,
  options: ConnectionOptions,
  account: Account,
): Promise<Connected> {
  const { port } = new URL(server)
  const place = { host: address, port: port === '' ? DEFAULT_PORT : Number(port) }
  const tunnel = await boundedTunnel(place, { ...LIMITS, account })
  try {
    const servers = `127.0.0.1:${tunnel.port}`
    const tls = identityOf(server, options.tls)
    return { connection: await connect({ ...options, servers, ...(tls && { tls }) }), tunnel }
  } catch (error) {
    tunnel.close()
    throw error
  }
}

const DEFAULT_PORT = 4222

/** Its certificate has to be for what the spec names, not for the address that this led to. */
function identityOf(server: string, tls: ConnectionOptions['tls']): ConnectionOptions['tls'] {
  if (new URL(server).protocol !== 'tls:' && !tls) return undefined
  const host = hostOf(server)
  // The client hands all of it to Node, which takes `host` for an address: as a server name that is not permitted.
  const identity = isIP(host) === 0 ? { servername: host } : { servername: '', host }
  return { ...tls, ...identity }
}
