/** The end of an object that is no longer desired. */
import type { DesiredAbsence } from '../../components/wishes/absence.ts'
import { waitFor } from '../../runtime/going.ts'
import { eventOfChange, type Effect, type EffectContext, type Written } from './effect.ts'

export const absence: Effect<DesiredAbsence> = {
  rank: () => 3,
  noun,
  event: (_, done, settled) => eventOfChange(done, settled),
  carryOut,
}

function noun({ resource, name }: DesiredAbsence): string {
  return `${resource.kind} ${name}`
}

async function carryOut(
  wish: DesiredAbsence,
  { claim, tools, signal, sender, now }: EffectContext,
): Promise<Written> {
  const what = noun(wish)
  const removal = await tools.cluster.remove(wish.resource, sender.namespace, wish.name, claim, signal)
  if (removal.state === 'terminating')
    return { outcome: { state: 'waiting', what, ...waitFor(removal, now) } }
  return {
    outcome:
      removal.state === 'removed' ? { state: 'done', change: 'removed', what } : { state: 'unchanged' },
  }
}
