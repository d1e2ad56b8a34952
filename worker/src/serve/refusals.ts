/** Refused requests on their way into the audit log. */
import type { Refusals } from '../http/refusals.ts'
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import { openRefusals as open } from '../http/refusals.ts'
import { recordAudit } from '../store/audit.ts'

export function openRefusals(
  { log, metrics }: Context,
  { pools }: { readonly pools: Pick<Pools, 'service'> },
): Refusals & Part {
  return open({
    write: (entries) => recordAudit(pools.service, entries),
    onError: (error) => {
      log.warn({ err: error }, 'refused requests cannot be written into the audit log')
    },
    onDropped: (rows) => {
      metrics.refusalsDropped.inc(rows)
    },
  })
}
