/** The evidence that the operator reads: what this worker knows of its servers, and how far the work of all of them is. */
import type { Backlog, Evidence } from '../http/internalServer.ts'
import type { Features } from '../features/features.ts'
import type { LoginSaid, Provider } from '../sending/ports.ts'
import type { WakeupPublisher } from '../sending/sweep.ts'
import type { Pools } from '../store/pools.ts'
import type { WorkerState } from '../store/workerStates.ts'
import type { Context } from './context.ts'
import type { Events } from './events.ts'
import type { Health } from './health.ts'
import type { Sending } from './sending.ts'
import type { Webhooks } from './webhooks.ts'
import { countDeadLetters } from '../store/deadLetters.ts'
import { oldestInFlightSeconds } from '../store/oldestInFlight.ts'
import { paceOf } from '../store/rate.ts'
import { serverSettings } from '../store/serverSettings.ts'
import { longestStandstill } from '../store/standstill.ts'
import { lastWebhookAt } from '../store/webhookInbox.ts'
import { openBatches, openRecipients, uncertainRecipients } from '../store/workFigures.ts'
import { sharedStates } from '../store/workerStates.ts'
import { tryForged } from '../webhooks/forgery.ts'
import { answersOf, attemptsOf, closedOf } from './crew.ts'
import { depthInTime } from './queueDepth.ts'
import { ownState } from './sharing.ts'

export interface EvidenceNeeds {
  readonly pools: Pick<Pools, 'service'>
  readonly health: Pick<Health, 'schema'>
  readonly queue: Pick<WakeupPublisher, 'isConnected' | 'depth'>
  readonly sending: Pick<Sending, 'inFlight' | 'isClosed' | 'lately'>
  readonly provider: Pick<Provider, 'login' | 'name'>
  readonly features: Features
  readonly events: Events
  readonly webhooks: Pick<Webhooks, 'receivers' | 'effects' | 'forgedAt' | 'snsSample'>
}

/** @throws Error when PostgreSQL does not answer */
export async function gatherEvidence(
  { worker, settings, answers }: Pick<Context, 'worker' | 'settings' | 'answers'>,
  needs: EvidenceNeeds,
): Promise<Evidence> {
  const { health, sending, features } = needs
  const { service: database } = needs.pools
  // This worker's own row may be seconds old, or not written yet.
  const crew = [ownState({ answers }, needs), ...(await sharedStates(database, worker))]
  const [encryption, [server], ofServer, provider, oldest, lag, flags, work, webhooks] = await Promise.all([
    database.encryption(),
    database.query<{ server_version: string }>('SHOW server_version'),
    serverSettings(database),
    providerState(settings, needs, crew),
    oldestInFlightSeconds(database),
    lagOf(settings, needs),
    features.inForce(),
    workOf(needs, crew),
    webhooksOf(needs, crew),
  ])
  const schema = health.schema()
  return {
    worker,
    postgres: {
      ...encryption,
      serverVersion: server?.server_version ?? '',
      migrationVersion: schema?.version ?? 0,
      schema: schema?.state ?? 'unknown',
      settings: ofServer,
    },
    nats: { connected: needs.queue.isConnected() },
    provider,
    features: {
      provider: features.provider,
      degraded: features.isDegraded(),
      ...said(features.login()),
      flags,
    },
    inFlight: sending.inFlight(),
    oldestInFlightSeconds: oldest,
    work,
    api: answersOf(crew),
    outboxLag: lag,
    ...(webhooks && { webhooks }),
  }
}

async function providerState(
  { provider: name, maxPerSecond }: Context['settings'],
  { pools, sending, provider, features }: EvidenceNeeds,
  crew: readonly WorkerState[],
): Promise<Evidence['provider']> {
  const [pace, isPaused] = await Promise.all([paceOf(pools.service, name, maxPerSecond), features.isPaused()])
  const { perSecond = maxPerSecond, closedMs = 0 } = pace ?? {}
  const closed = closedOf(crew)
  const state = closed || sending.isClosed() || closedMs > 0 ? 'closed' : 'open'
  return {
    name,
    state: isPaused ? 'paused' : state,
    ...(closed && { closed }),
    ...(perSecond !== undefined && { perSecond }),
    ...said(provider.login()),
  }
}

async function workOf(
  { pools: { service: database }, queue }: EvidenceNeeds,
  crew: readonly WorkerState[],
): Promise<Evidence['work']> {
  const [batches, recipients, uncertain, deadLetters, standstill, queueDepth] = await Promise.all([
    openBatches(database),
    openRecipients(database),
    uncertainRecipients(database),
    countDeadLetters(database),
    longestStandstill(database),
    depthInTime(queue),
  ])
  return {
    batches,
    recipients,
    uncertain,
    deadLetters,
    ...(queueDepth !== undefined && { queueDepth }),
    ...(standstill && {
      standstill: { since: standstill.since.toISOString(), seconds: standstill.seconds },
    }),
    attempts: attemptsOf(crew),
  }
}

async function webhooksOf(
  { pools, webhooks: { receivers, effects, snsSample } }: EvidenceNeeds,
  crew: readonly WorkerState[],
): Promise<Evidence['webhooks']> {
  const [first] = Object.entries(receivers)
  if (first === undefined) return undefined
  const [provider, receive] = first
  const [trial, verifiedAt, inbox] = await Promise.all([
    tryForged(provider, receive, new Date(), snsSample()),
    lastWebhookAt(pools.service, provider),
    effects.backlog(),
  ])
  const forgedAt = crew.reduce((last, state) => Math.max(last, state.forgedAt?.getTime() ?? 0), 0)
  return {
    provider,
    forgery: trial ?? 'unavailable',
    ...(verifiedAt && { verifiedAt: verifiedAt.toISOString() }),
    ...(forgedAt > 0 && { forgedAt: new Date(forgedAt).toISOString() }),
    inbox: told(inbox),
  }
}

const told = ({ since, ...backlog }: { since?: Date; rows: number; oldestSeconds: number }): Backlog => ({
  ...backlog,
  ...(since && { since: since.toISOString() }),
})

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
  return { events: told(await events.outbox.backlog()), audit: told(await events.audit.backlog()) }
}
