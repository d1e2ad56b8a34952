/** What gateways answer to a route and to a policy: from the status of these objects, and for them as they are now. Pure. */
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Parent } from './parent.ts'
import { firstSentence } from '../../vocabulary/sentence.ts'

/** @property said in the gateway's own words, with who says it */
export type Answer =
  | { readonly state: 'accepted' | 'unanswered' | 'outdated' }
  | { readonly state: 'refused' | 'unresolved'; readonly said: string }

interface GatewayCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly observedGeneration?: number
}

/** Of one controller about one Gateway; whatever else is in the cluster may write others. */
interface Entry {
  readonly controllerName?: string
  readonly conditions?: readonly GatewayCondition[]
}

interface ParentEntry extends Entry {
  readonly parentRef?: Partial<Record<keyof Parent, string>>
}

/** About the parent that is asked for, whatever was said of another one before. */
export function routeAnswer(route: KubernetesObject, parent: Parent): Answer {
  const { parents = [] } = (route['status'] ?? {}) as { parents?: readonly ParentEntry[] }
  const about = parents.filter(({ parentRef }) => isParent(parentRef, parent, route))
  return best(about.map((entry) => answerIn(entry, route, ['Accepted', 'ResolvedRefs'])))
}

/** Whom Envoy Gateway names as the ancestor is its own business: the policy is about one route of ours. */
export function policyAnswer(policy: KubernetesObject): Answer {
  const { ancestors = [] } = (policy['status'] ?? {}) as { ancestors?: readonly Entry[] }
  return best(ancestors.map((entry) => answerIn(entry, policy, ['Accepted'])))
}

function isParent(
  ref: ParentEntry['parentRef'] = {},
  parent: Parent,
  { metadata: { namespace } }: KubernetesObject,
): boolean {
  return (
    (ref.kind ?? 'Gateway') === parent.kind &&
    (ref.namespace ?? namespace) === parent.namespace &&
    ref.name === parent.name &&
    ref.sectionName === parent.sectionName
  )
}

/** A controller of another class may say that the Gateway is none of its own. */
const BEST_FIRST = ['accepted', 'outdated', 'unresolved', 'refused', 'unanswered'] as const

function best(answers: readonly Answer[]): Answer {
  const found = BEST_FIRST.map((state) => answers.find((answer) => answer.state === state))
  return found.find((answer) => answer !== undefined) ?? { state: 'unanswered' }
}

function answerIn(
  { controllerName = '', conditions = [] }: Entry,
  { metadata: { generation = 0 } }: KubernetesObject,
  needed: readonly string[],
): Answer {
  const conditionOf = (type: string) => conditions.find((one) => one.type === type)
  const relevant = ['PartiallyInvalid', ...needed].flatMap((type) => conditionOf(type) ?? [])
  if (relevant.some(({ observedGeneration = generation }) => observedGeneration < generation))
    return { state: 'outdated' }
  const objection = relevant.find(isObjection)
  if (objection) {
    const state = objection.type === 'ResolvedRefs' ? 'unresolved' : 'refused'
    return { state, said: words(objection, controllerName) }
  }
  return { state: needed.every((type) => conditionOf(type)) ? 'accepted' : 'unanswered' }
}

/** `PartiallyInvalid` alone is bad news when it is True. */
function isObjection({ type, status }: GatewayCondition): boolean {
  return (status === 'True') === (type === 'PartiallyInvalid')
}

function words({ reason = '', message = '' }: GatewayCondition, controller: string): string {
  const who = controller === '' ? '' : ` (${controller})`
  return `${firstSentence([reason, message].filter(Boolean).join(': '))}${who}`
}
