/** The limits on requests, and the cleaning up after them. */
import type { Limits } from '../http/admission.ts'
import type { Part } from '../runtime/parts.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import { RequestLimit } from '../http/requestLimit.ts'
import { repeat } from '../runtime/repeat.ts'
import { allowanceLedger } from '../store/allowances.ts'

const CLEAN_EVERY_MS = 60_000

export function openLimits(
  { settings, log, stopping }: Context,
  { pools }: { readonly pools: Pick<Pools, 'service'> },
): Limits & Part {
  const ledger = allowanceLedger(pools.service)
  const limit = (name: string, budget: number) =>
    new RequestLimit({
      name,
      budget,
      ledger,
      onShared: (isShared, error) => {
        if (isShared) log.info({ limit: name }, 'request limits are shared between workers again')
        else log.warn({ err: error, limit: name }, 'request limits hold for this worker alone')
      },
    })
  const perIp = limit('ip', settings.rateLimitPerIp)
  const perToken = limit('token', settings.rateLimitPerToken)
  const { finished } = repeat({
    everyMs: CLEAN_EVERY_MS,
    pausesFirst: true,
    ref: false,
    stopping,
    work: () => {
      perIp.forgetEnded()
      perToken.forgetEnded()
      return ledger.forgetEnded()
    },
    onError: (error) => {
      log.warn({ err: error }, 'ended allowances stay in the database')
    },
  })
  return { perIp, perToken, finished }
}
