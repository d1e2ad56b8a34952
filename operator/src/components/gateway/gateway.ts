/** How the workers are reached from outside: HTTPRoutes at a Gateway of somebody else's, and the rate limit of the API. */
import type { Desired } from '../desired.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Observed, Wanted } from './reached.ts'
import { BackendTrafficPolicy, HTTPRoute, Middleware } from '../../vocabulary/kinds.ts'
import { COMPONENT } from '../../vocabulary/labels.ts'
import { component } from '../component.ts'
import { isServed } from '../snapshot.ts'
import { LIMIT_KINDS } from './limits.ts'
import { PART } from './names.ts'
import { reached, wanted } from './reached.ts'
import { verdictOf } from './verdict.ts'

export const gateway = component<'GatewayReady', Observed>({
  name: 'gateway',
  conditionType: 'GatewayReady',
  owns: [Middleware, BackendTrafficPolicy, HTTPRoute],
  prunes: [Middleware, BackendTrafficPolicy, HTTPRoute],

  desired(snapshot): readonly Desired[] {
    const all = wanted(snapshot)
    // A route without its limit would be open, or not served at all.
    const isPossible = all.every(({ resource }) => isServed(snapshot, resource))
    const made = isPossible ? all.map((one) => ({ type: 'object', ...one }) as const) : []
    return [...made, ...unwanted(snapshot, all)]
  },

  observe: reached,
  condition: verdictOf,
})

/** A limit goes when no route that is there names it any more: meanwhile Traefik would not serve that one. */
function unwanted(snapshot: Snapshot, all: readonly Wanted[]): readonly Desired[] {
  const present = [...snapshot.children.values()].filter(
    ({ metadata }) => metadata.labels?.[COMPONENT] === PART,
  )
  const names = new Set(all.map(({ resource, object }) => `${resource.kind}/${object.metadata.name}`))
  const texts = present
    .filter(({ kind }) => kind === HTTPRoute.kind)
    .map((route) => JSON.stringify(route['spec']))
  return [HTTPRoute, ...LIMIT_KINDS].flatMap((resource) =>
    present
      .filter(({ kind, metadata }) => kind === resource.kind && !names.has(`${kind}/${metadata.name}`))
      .filter(({ kind }) => kind !== Middleware.kind || !texts.some((text) => text.includes('ExtensionRef')))
      .map(({ metadata: { name } }) => ({ type: 'absent', resource, name, reason: 'not wanted' }) as const),
  )
}
