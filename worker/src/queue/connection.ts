/** A connection to NATS that is always being made: certificates are read again at every dial, and it never gives up. */
import { isIP } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkServerIdentity } from 'node:tls'
import type { NatsConnection } from 'nats'
import { connect, Events } from 'nats'
import { reconnectMs } from '../domain/backoff.ts'

export interface NatsOptions {
  readonly servers: readonly string[]
  /** With `tls.crt`, `tls.key` and `ca.crt`. */
  readonly tlsDir: string | undefined
  readonly name: string
  readonly onState: (state: 'connected' | 'disconnected', error?: unknown) => void
}

export interface NatsLink {
  /** undefined while there is no connection. */
  current(): NatsConnection | undefined
  close(): Promise<void>
}

const DIAL_MS = 5_000

export function openNats(options: NatsOptions): NatsLink {
  const stopping = new AbortController()
  let connection: NatsConnection | undefined
  let isUp = false

  const follow = async (nats: NatsConnection) => {
    for await (const { type } of nats.status()) {
      if (type !== Events.Disconnect && type !== Events.Reconnect) continue
      isUp = type === Events.Reconnect
      options.onState(isUp ? 'connected' : 'disconnected')
    }
  }
  const keep = async () => {
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      try {
        const nats = await connect(dial(options))
        connection = nats
        isUp = true
        failures = 1
        options.onState('connected')
        void follow(nats)
        const error = await nats.closed()
        options.onState('disconnected', error)
      } catch (error) {
        options.onState('disconnected', error)
      }
      isUp = false
      connection = undefined
      const waitMs = reconnectMs(failures, Math.random())
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  void keep()

  return {
    current: () => (isUp ? connection : undefined),
    close: async () => {
      stopping.abort()
      await connection?.drain().catch(() => undefined)
    },
  }
}

/** Servers are the ones that were given: those that a cluster tells of carry addresses no certificate is for. */
function dial({ servers, tlsDir, name }: NatsOptions) {
  return {
    servers: [...servers],
    name,
    timeout: DIAL_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    reconnectJitter: 500,
    reconnectJitterTLS: 500,
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: true,
    pingInterval: 10_000,
    maxPingOut: 2,
    ...(tlsDir !== undefined && {
      tls: {
        certFile: join(tlsDir, 'tls.crt'),
        keyFile: join(tlsDir, 'tls.key'),
        caFile: join(tlsDir, 'ca.crt'),
        checkServerIdentity: identityOf(servers),
      },
    }),
  }
}

/** The client names no server when it dials an address, and Node takes that for localhost. */
function identityOf(servers: readonly string[]): typeof checkServerIdentity {
  const addresses = servers
    .map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''))
    .filter((host) => isIP(host) > 0)
  return (host, certificate) => {
    if (host !== 'localhost' || addresses.length === 0) return checkServerIdentity(host, certificate)
    const faults = addresses.map((address) => checkServerIdentity(address, certificate))
    return faults.includes(undefined) ? undefined : faults[0]
  }
}
