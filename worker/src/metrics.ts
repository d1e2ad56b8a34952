/** The worker's metrics. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import { RELEASE } from '../../crds/release.ts'

/** With an edge at half a second, which the latency objective is about. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Gauges that are named like counters; the same figures are there by type, under names that are not. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

export type Metrics = ReturnType<typeof openMetrics>

export function openMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  const registers = [registry]
  const buildInfo = new Gauge({
    name: 'batchsender_build_info',
    help: '1, with the version of this worker.',
    labelNames: ['version'] as const,
    registers,
  })
  buildInfo.set({ version: RELEASE.version }, 1)
  return {
    registry,
    requests: new Histogram({
      name: 'batchsender_http_request_duration_seconds',
      help: 'Time to answer a request of the API.',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: SECONDS,
      registers,
    }),
    bodyBytes: new Gauge({
      name: 'batchsender_http_body_bytes',
      help: 'Bytes that bodies take at the moment: received under a token, received without one, and parsed.',
      labelNames: ['kind'] as const,
      registers,
    }),
    bodyLimit: new Gauge({
      name: 'batchsender_http_body_limit_bytes',
      help: 'Bytes that bodies may take, by the memory limit; more are refused with 503.',
      labelNames: ['kind'] as const,
      registers,
    }),
    tokensMalformed: new Gauge({
      name: 'batchsender_api_tokens_malformed',
      help: 'Users whose API token is written in a way that is not understood, so that it opens nothing.',
      registers,
    }),
    refusalsDropped: new Counter({
      name: 'batchsender_audit_refusals_dropped_total',
      help: 'Refused requests that should have been in the audit log and never will be.',
      registers,
    }),
    attempts: new Counter({
      name: 'batchsender_attempts_total',
      help: 'Attempts to send, by provider and class of the outcome.',
      labelNames: ['provider', 'class'] as const,
      registers,
    }),
    attemptSeconds: new Histogram({
      name: 'batchsender_attempt_duration_seconds',
      help: 'Time a provider took for an attempt.',
      labelNames: ['provider'] as const,
      buckets: SECONDS,
      registers,
    }),
    webhooks: new Counter({
      name: 'batchsender_webhooks_total',
      help: 'Webhooks by provider, type and what became of them: taken, ignored, forged or unavailable.',
      labelNames: ['provider', 'type', 'result'] as const,
      registers,
    }),
    webhooksUnknown: new Counter({
      name: 'batchsender_webhook_events_unknown_total',
      help: 'Events of providers about mails that are not of any batch.',
      registers,
    }),
    healed: new Counter({
      name: 'batchsender_healed_recipients_total',
      help: 'Recipients in doubt of whom a provider told whether their mail went.',
      registers,
    }),
    deadLetters: new Gauge({
      name: 'batchsender_dead_letters',
      help: 'Stretches of batches that were put aside, since handling them failed again and again.',
      registers,
    }),
    webhookBacklog: new Gauge({
      name: 'batchsender_webhook_inbox_rows',
      help: 'Events of providers that are due and have not had their effect.',
      registers,
    }),
    webhookLag: new Gauge({
      name: 'batchsender_webhook_inbox_oldest_seconds',
      help: 'How long the oldest event of a provider has been due.',
      registers,
    }),
    batchesPaused: new Counter({
      name: 'batchsender_batches_paused_total',
      help: 'Batches that paused by themselves, since most of their last mails got the same refusal; by its class.',
      labelNames: ['class'] as const,
      registers,
    }),
    fenced: new Counter({
      name: 'batchsender_fenced_results_total',
      help: 'Results that came after their lease was lost.',
      registers,
    }),
    lostCommits: new Counter({
      name: 'batchsender_lost_commits_total',
      help: 'Recipients whose claim PostgreSQL had forgotten when it came back: they are uncertain.',
      registers,
    }),
    contradictions: new Counter({
      name: 'batchsender_contradictions_total',
      help: 'Mails that went although it had been said, or was believed, that they did not.',
      registers,
    }),
    recordFailures: new Counter({
      name: 'batchsender_record_failures_total',
      help: 'Failed tries to write results.',
      registers,
    }),
    inFlight: new Gauge({
      name: 'batchsender_in_flight',
      help: 'Recipients claimed by this worker and not yet recorded.',
      registers,
    }),
    overdueResults: new Gauge({
      name: 'batchsender_overdue_results',
      help: 'Results of this worker that have waited to be written for longer than a lease lasts.',
      registers,
    }),
    oldestInFlight: new Gauge({
      name: 'batchsender_oldest_in_flight_seconds',
      help: 'Age of the oldest batch that is accepted or running, counted from its last retry if there was one.',
      registers,
    }),
    queueDepth: new Gauge({
      name: 'batchsender_queue_depth',
      help: 'Wake-ups waiting in the queue or being handled.',
      registers,
    }),
    wakeupsRefused: new Counter({
      name: 'batchsender_wakeups_refused_total',
      help: 'Wake-ups that the queue did not take: they are published again.',
      registers,
    }),
    eventBacklog: new Gauge({
      name: 'batchsender_event_outbox_rows',
      help: 'Events that have not reached ClickHouse.',
      registers,
    }),
    eventLag: new Gauge({
      name: 'batchsender_event_outbox_oldest_seconds',
      help: 'Age of the oldest event that has not reached ClickHouse.',
      registers,
    }),
    featuresDegraded: new Gauge({
      name: 'batchsender_features_degraded',
      help: '1 while the newest feature flags cannot be read and those read before are in force.',
      registers,
    }),
    poolTotal: new Gauge({
      name: 'batchsender_pool_connections',
      help: 'Connections to PostgreSQL that are open or being opened.',
      registers,
    }),
    poolIdle: new Gauge({
      name: 'batchsender_pool_idle_connections',
      help: 'Connections to PostgreSQL that nobody uses.',
      registers,
    }),
    poolWaiting: new Gauge({
      name: 'batchsender_pool_waiting_statements',
      help: 'Statements that wait for a connection to PostgreSQL.',
      registers,
    }),
    batches: new Gauge({
      name: 'batchsender_batches',
      help: 'Batches that are not at their end, by state.',
      labelNames: ['state'] as const,
      registers,
    }),
    recipients: new Gauge({
      name: 'batchsender_recipients',
      help: 'Recipients of batches that are not at their end, by state.',
      labelNames: ['state'] as const,
      registers,
    }),
    uncertainRecipients: new Gauge({
      name: 'batchsender_uncertain_recipients',
      help: 'Recipients of all batches of whom nobody knows whether their mail went, until the provider or a person says.',
      registers,
    }),
    standstill: new Gauge({
      name: 'batchsender_standstill_seconds',
      help: 'How long the batch that has stood still longest has not got on although something of it is due; 0 when all get on.',
      registers,
    }),
    providerState: new Gauge({
      name: 'batchsender_provider_state',
      help: '1 for the state of the provider as this worker sees it: open, closed by its own answers, or paused by a flag.',
      labelNames: ['provider', 'state'] as const,
      registers,
    }),
    providerClosed: new Gauge({
      name: 'batchsender_provider_closed_seconds',
      help: 'How long the provider has refused whatever this worker tried, from the first refusal to the last; 0 when something has gone through since.',
      labelNames: ['provider'] as const,
      registers,
    }),
    auditBacklog: new Gauge({
      name: 'batchsender_audit_outbox_rows',
      help: 'Entries of the audit log that have not reached ClickHouse; 0 without one.',
      registers,
    }),
    auditLag: new Gauge({
      name: 'batchsender_audit_outbox_oldest_seconds',
      help: 'Age of the oldest entry of the audit log that has not reached ClickHouse; 0 without one.',
      registers,
    }),
    natsConnected: new Gauge({
      name: 'batchsender_nats_connected',
      help: '1 while there is a connection to NATS.',
      registers,
    }),
  }
}
