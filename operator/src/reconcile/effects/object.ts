/** Objects, by server-side apply. */
import type { ApplyOutcome } from '../../runtime/applyOutcome.ts'
import type { DesiredObject } from '../../components/wishes/object.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import { waitFor } from '../../runtime/going.ts'
import { eventOfChange, type Effect, type EffectContext, type Written } from './effect.ts'

export const object: Effect<DesiredObject> = {
  rank: ({ resource }) => resource.rank,
  noun,
  event: (_, done, settled) => eventOfChange(done, settled),
  carryOut,
}

function noun({ resource, object: { metadata } }: DesiredObject): string {
  return `${resource.kind} ${metadata.name}`
}

async function carryOut(wish: DesiredObject, { claim, tools, signal, now }: EffectContext): Promise<Written> {
  const what = noun(wish)
  const applied = await tools.cluster.apply(wish.resource, wish.object, claim, signal)
  if (applied.state === 'foreign') {
    const { holder, orphaned } = applied
    return { outcome: { state: 'foreign', what, holder, orphaned } }
  }
  if (applied.state === 'terminating')
    return { outcome: { state: 'waiting', what, ...waitFor(applied, now) } }
  const { rewrite } = applied
  return {
    outcome:
      applied.state === 'unchanged'
        ? { state: 'unchanged', ...(rewrite && { againMs: rewrite.againMs }) }
        : { state: 'done', change: applied.state, what, ...madeUid(applied) },
    contests: (applied.contested ?? []).map((contest) => ({ object: what, ...contest })),
    ...(rewrite?.isNew === true && { rewritten: rewrite.differences }),
  }
}

function madeUid({ state, object: { metadata } }: ApplyOutcome & { object: KubernetesObject }): {
  uid?: string
} {
  return state === 'created' && metadata.uid !== undefined ? { uid: metadata.uid } : {}
}
