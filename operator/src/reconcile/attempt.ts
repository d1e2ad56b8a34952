/** Carries one wish out, and does what its effect says of repetitions and of what is remembered of the world. */
import type { Desired } from '../components/desired.ts'
import type { EffectContext, Written } from './effects/effect.ts'
import type { Ports } from './ports.ts'
import { effectOf } from './effects/index.ts'

export type AttemptContext = EffectContext & {
  readonly ports: Pick<Ports, 'repetitions' | 'outdated' | 'lookSoon'>
}

export async function attempt(wish: Desired, context: AttemptContext): Promise<Written> {
  const { ports, sender } = context
  const effect = effectOf(wish)
  const putOffMs = waitMs(wish, context)
  if (putOffMs > 0)
    return {
      outcome: { state: 'waiting', what: `${effect.noun(wish)}: said a moment ago`, againMs: putOffMs },
    }
  const written = await effect.carryOut(wish, context)
  const { state } = written.outcome
  const outdated = effect.outdates?.[state]
  if (outdated !== undefined) {
    ports.outdated(sender, outdated)
    // Whether it was carried out is known from a look; without one nothing would be known for half a minute.
    if (state === 'waiting') ports.lookSoon(sender)
  }
  if (effect.repeated?.pauses[state])
    ports.repetitions.said(`${state}\n${effect.repeated.words(wish, sender)}`)
  return state === 'waiting' ? again(written, waitMs(wish, context)) : written
}

/** How long until a repetition is due. */
function waitMs(wish: Desired, { ports, sender }: AttemptContext): number {
  const { repeated } = effectOf(wish)
  if (!repeated) return 0
  const words = repeated.words(wish, sender)
  const waits = Object.entries(repeated.pauses).map(([state, pauses]) =>
    ports.repetitions.waitMs(`${state}\n${words}`, pauses),
  )
  return Math.max(0, ...waits)
}

function again(written: Written, againMs: number): Written {
  const { outcome } = written
  return againMs > 0 && outcome.state === 'waiting'
    ? { ...written, outcome: { ...outcome, againMs } }
    : written
}
