/** How far the workers are reached: what should exist for the spec, what is there, and what the Gateway answered to it. Pure. */
import type { KubernetesObject } from '../../runtime/object.ts'
import type { OwnedKind } from '../../vocabulary/kinds.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Answer } from './answers.ts'
import type { Parent } from './parent.ts'
import { HTTPRoute, Middleware } from '../../vocabulary/kinds.ts'
import { childOf, isServed } from '../snapshot.ts'
import { policyAnswer, routeAnswer } from './answers.ts'
import { limitOf } from './limits.ts'
import { parentOf, toldParent } from './parent.ts'
import { routes } from './routes.ts'
import { settlingMs, wasReady, writtenAt } from './settling.ts'

/** @property what `HTTPRoute orders-api` */
export interface Answered {
  readonly what: string
  readonly resource: OwnedKind
  readonly answer: Answer | { readonly state: 'missing' }
  /** When it was written last; absent while it is not there. */
  readonly writtenAt?: Date
}

export interface Reached {
  /** As messages name it. */
  readonly parent: string
  readonly hostnames: readonly string[]
  /** Kinds that the cluster lacks, with their groups. */
  readonly missingKinds: readonly string[]
  readonly answers: readonly Answered[]
  /** Nobody tells the workers where requests come from. */
  readonly clientsUnknown: boolean
  /** Time that it has to answer for what was just written, in milliseconds; absent when all is answered, or that is over. */
  readonly settlingMs?: number
  /** It had taken all of this generation of the spec: what was written since are repairs. */
  readonly wasReady: boolean
}

/** `undefined`: the spec asks for no gateway. */
export type Observed = Reached | undefined

/** What should exist for the spec. */
export interface Wanted {
  readonly resource: OwnedKind
  readonly object: KubernetesObject
}

export function reached(snapshot: Snapshot): Observed {
  const { sender } = snapshot
  const spec = sender.spec.gateway
  if (!spec) return undefined
  const parent = parentOf(spec, sender)
  const all = wanted(snapshot)
  const missing = all.filter(({ resource }) => !isServed(snapshot, resource))
  const answers = all.map(({ resource, object: { metadata } }): Answered => {
    const what = `${resource.kind} ${metadata.name}`
    const live = childOf(snapshot, resource, metadata.name)
    if (!live) return { what, resource, answer: { state: 'missing' } }
    const written = writtenAt(live)
    const answer = answerOf(resource, live, parent)
    return { what, resource, answer, ...(written && { writtenAt: written }) }
  })
  const leftMs = settlingMs(answers, snapshot.now)
  return {
    parent: toldParent(parent),
    hostnames: spec.hostnames,
    missingKinds: [...new Set(missing.map(({ resource }) => `${resource.kind} (${resource.apiVersion})`))],
    answers,
    clientsUnknown: !spec.from.addresses && !sender.spec.worker.http.trustedProxies,
    ...(leftMs !== undefined && { settlingMs: leftMs }),
    wasReady: wasReady(sender),
  }
}

function answerOf(resource: OwnedKind, live: KubernetesObject, parent: Parent): Answer {
  if (resource === HTTPRoute) return routeAnswer(live, parent)
  // Traefik says nothing of a Middleware.
  return resource === Middleware ? { state: 'accepted' } : policyAnswer(live)
}

export function wanted({ sender }: Snapshot): readonly Wanted[] {
  const limit = limitOf(sender)
  return [...(limit ? [limit] : []), ...routes(sender).map((object) => ({ resource: HTTPRoute, object }))]
}
