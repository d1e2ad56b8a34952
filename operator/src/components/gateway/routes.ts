/**
 * The HTTPRoutes of one BatchSender: one for the API, which may be limited, one for what must not be: webhooks and clicks.
 * They name the paths that are meant for the outside and no others; the internal port is behind none.
 */
import type { BatchSenderSpec } from '../../../../crds/schema/batchsender.ts'
import type { GatewaySpec } from '../../../../crds/schema/gateway.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Sender } from '../snapshot.ts'
import { HTTPRoute } from '../../vocabulary/kinds.ts'
import { childName } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { limitFilters } from './limits.ts'
import { API, CALLBACKS, PART } from './names.ts'
import { parentOf } from './parent.ts'

/** The port of the workers' Service in front of their API. */
const SERVICE_PORT = 80

interface Match {
  readonly path: { readonly type: 'Exact' | 'PathPrefix'; readonly value: string }
}
interface Rule {
  readonly matches: readonly Match[]
  readonly filters?: readonly object[]
}

/** Everything that should exist for the spec. */
export function routes(sender: Sender): readonly KubernetesObject[] {
  const { gateway } = sender.spec
  if (!gateway) return []
  const api: Rule = { matches: API_PATHS, ...filtered(limitFilters(sender, gateway)) }
  const callbacks = callbackRules(sender.spec)
  return [
    route(sender, gateway, API, [api]),
    ...(callbacks.length > 0 ? [route(sender, gateway, CALLBACKS, callbacks)] : []),
  ]
}

const exact = (value: string): Match => ({ path: { type: 'Exact', value } })
const below = (value: string): Match => ({ path: { type: 'PathPrefix', value } })

const API_PATHS = [below('/v1'), below('/docs'), exact('/openapi.json')]

/** Only what the workers serve with this spec. */
function callbackRules({ worker: { provider, unsubscribe } }: BatchSenderSpec): readonly Rule[] {
  const matches = [
    ...(provider.ses?.topicArns ? [exact('/webhooks/ses')] : []),
    ...(provider.resend?.webhookSecretRefs ? [exact('/webhooks/resend')] : []),
  ]
  return [...(matches.length > 0 ? [{ matches }] : []), ...(unsubscribe ? [clicks(unsubscribe.baseUrl)] : [])]
}

/** Links have the path of `baseUrl` before `/u`; the workers know nothing of it. */
function clicks(baseUrl: string): Rule {
  const base = /^https:\/\/[^/]+(.*?)\/*$/.exec(baseUrl)?.[1] ?? ''
  const rewrite = {
    type: 'URLRewrite',
    urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/u' } },
  }
  return { matches: [below(`${base}/u`)], ...filtered(base === '' ? [] : [rewrite]) }
}

function filtered(filters: readonly object[]): Pick<Rule, 'filters'> {
  return filters.length > 0 ? { filters } : {}
}

function route(sender: Sender, gateway: GatewaySpec, name: string, rules: readonly Rule[]): KubernetesObject {
  const workers = {
    group: '',
    kind: 'Service',
    name: childName(sender, 'worker'),
    port: SERVICE_PORT,
    weight: 1,
  }
  return {
    apiVersion: HTTPRoute.apiVersion,
    kind: HTTPRoute.kind,
    metadata: metadata(sender, PART, name),
    spec: {
      parentRefs: [parentOf(gateway, sender)],
      hostnames: gateway.hostnames,
      rules: rules.map((rule) => ({ ...rule, backendRefs: [workers] })),
    },
  }
}
