/** The evidence that the operator reads: what this worker knows of its servers, and how far its work is. */
import type { Evidence } from '../http/internalServer.ts'
import type { Features } from '../features/features.ts'
import type { LoginSaid, Provider } from '../sending/ports.ts'
import type { WakeupPublisher } from '../sending/sweep.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import type { Events } from './events.ts'
import type { Health } from './health.ts'
import type { Sending } from './sending.ts'
import { oldestInFlightSeconds } from '../store/oldestInFlight.ts'
import { paceOf } from '../store/rate.ts'
import { serverSettings } from '../store/serverSettings.ts'

export interface EvidenceNeeds {
  readonly pools: Pick<Pools, 'service'>
  readonly health: Pick<Health, 'schema'>
  readonly queue: Pick<WakeupPublisher, 'isConnected'>
  readonly sending: Pick<Sending, 'inFlight' | 'isClosed'>
  readonly provider: Pick<Provider, 'login'>
  readonly features: Features
  readonly events: Events
}

/** @throws Error when PostgreSQL does not answer */
export async function gatherEvidence(
  { worker, settings }: Pick<Context, 'worker' | 'settings'>,
  needs: EvidenceNeeds,
): Promise<Evidence> {
  const { health, queue, sending, features } = needs
  const { service: database } = needs.pools
  const [tls, [server], ofServer, provider, oldest, lag, flags] = await Promise.all([
    database.isEncrypted(),
    database.query<{ server_version: string }>('SHOW server_version'),
    serverSettings(database),
    providerState(settings, needs),
    oldestInFlightSeconds(database),
    lagOf(settings, needs),
    features.inForce(),
  ])
  const schema = health.schema()
  return {
    worker,
    postgres: {
      tls,
      serverVersion: server?.server_version ?? '',
      migrationVersion: schema?.version ?? 0,
      schema: schema?.state ?? 'unknown',
      settings: ofServer,
    },
    nats: { connected: queue.isConnected() },
    provider,
    features: {
      provider: features.provider,
      degraded: features.isDegraded(),
      ...said(features.login()),
      flags,
    },
    inFlight: sending.inFlight(),
    oldestInFlightSeconds: oldest,
    outboxLag: lag,
  }
}

async function providerState(
  { provider: name, maxPerSecond }: Context['settings'],
  { pools, sending, provider, features }: EvidenceNeeds,
): Promise<Evidence['provider']> {
  const [pace, isPaused] = await Promise.all([paceOf(pools.service, name, maxPerSecond), features.isPaused()])
  const { perSecond = maxPerSecond, closedMs = 0 } = pace ?? {}
  const state = sending.isClosed() || closedMs > 0 ? 'closed' : 'open'
  return {
    name,
    state: isPaused ? 'paused' : state,
    ...(perSecond !== undefined && { perSecond }),
    ...said(provider.login()),
  }
}

const said = ({ credentials, saidAt }: LoginSaid) => ({
  credentials,
  ...(saidAt && { credentialsSaidAt: saidAt.toISOString() }),
})

/** Without a ClickHouse nothing is on its way. */
async function lagOf(
  { clickhouseUrl }: Context['settings'],
  { events }: EvidenceNeeds,
): Promise<Evidence['outboxLag']> {
  if (clickhouseUrl === undefined) return {}
  return { events: await events.outbox.backlog(), audit: await events.audit.backlog() }
}
