/** The word to one NATS node to read its files again (`RELOAD`, 2.10 and later). */
import type { DesiredReload } from '../../components/wishes/natsReload.ts'
import { messageOf } from '../mishap.ts'
import type { Effect, EffectContext, Written } from './effect.ts'

export const natsReload: Effect<DesiredReload> = {
  rank: () => 5,
  noun,
  event: ({ reason }, { what }) => ({
    type: 'Normal',
    reason: 'NatsReloaded',
    message: `${what} ${reason}: told to reload`,
  }),
  carryOut,
}

function noun({ address }: DesiredReload): string {
  return `NATS node ${address.node}`
}

async function carryOut(wish: DesiredReload, { tools, sender, signal }: EffectContext): Promise<Written> {
  const what = noun(wish)
  try {
    const { error } = await tools.nats.askNode('RELOAD', wish, sender.namespace, signal)
    // What could not be read again is an answer like any other.
    if (error) throw new Error(`the configuration cannot be read again (${error.code})`)
    return { outcome: { state: 'done', change: 'requested', what } }
  } catch (error) {
    return { outcome: { state: 'waiting', what, fault: `does not reload: ${messageOf(error)}` } }
  }
}
