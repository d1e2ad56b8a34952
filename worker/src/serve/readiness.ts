/** Whether the worker is ready for requests, in words. */
import type { Readiness } from '../http/internalServer.ts'
import type { Health } from './health.ts'

/** NATS is told of but not asked for: without it batches are still accepted, and wait. */
export function readinessOf(
  health: Pick<Health, 'schema' | 'isReachable' | 'isServing'>,
  isNatsConnected: boolean,
  isStopping: boolean,
): Readiness {
  const schema = health.schema()
  return {
    ready: health.isReachable() && health.isServing() && !isStopping,
    checks: {
      postgres: health.isReachable() ? 'answers' : 'does not answer',
      schema: schema === undefined ? 'unknown' : `${schema.state}, version ${schema.version}`,
      nats: isNatsConnected ? 'connected' : 'not connected',
      worker: isStopping ? 'stopping' : 'running',
    },
  }
}
