/** Every effect, by the type of the wish for it. */
import type { Desired, Wishes } from '../../components/desired.ts'
import type { Effect } from './effect.ts'
import { absence } from './absence.ts'
import { certificate } from './certificate.ts'
import { key } from './key.ts'
import { natsReload } from './natsReload.ts'
import { object } from './object.ts'
import { queue } from './queue.ts'
import { statement } from './statement.ts'

const effects: { readonly [Type in keyof Wishes]: Effect<Wishes[Type]> } = {
  absent: absence,
  certificate,
  key,
  natsReload,
  object,
  queue,
  statement,
}

/** The one seam: a wish leads to the effect of its own type. */
export function effectOf(wish: Desired): Effect<Desired> {
  return effects[wish.type]
}

/** `Deployment orders-worker`, as messages name what a step was about. */
export function nounOf(wish: Desired): string {
  return effectOf(wish).noun(wish)
}
