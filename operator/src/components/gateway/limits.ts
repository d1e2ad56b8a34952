/**
 * The rate limit of the API in the words of who runs the Gateway. The Gateway API has none of its own. A second's worth
 * at once, in both: Traefik forgets a client after two seconds, so that a larger burst would be granted again and again.
 */
import type { GatewaySpec } from '../../../../crds/schema/gateway.ts'
import type { KubernetesObject } from '../../runtime/object.ts'
import type { OwnedKind } from '../../vocabulary/kinds.ts'
import type { Sender } from '../snapshot.ts'
import { BackendTrafficPolicy, HTTPRoute, Middleware } from '../../vocabulary/kinds.ts'
import { childName } from '../parts/labels.ts'
import { metadata } from '../parts/metadata.ts'
import { API, PART } from './names.ts'
import { GATEWAY_GROUP, providerOf } from './parent.ts'

/** What an IPv6 subscriber has to itself; the workers count by the same. */
const IPV6_SUBSCRIBER = 64

type RateLimit = NonNullable<GatewaySpec['rateLimit']>

/** Kinds that limits are made of. */
export const LIMIT_KINDS: readonly OwnedKind[] = [Middleware, BackendTrafficPolicy]

export interface Limit {
  readonly resource: OwnedKind
  readonly object: KubernetesObject
}

/** `undefined`: the spec sets none. */
export function limitOf(sender: Sender): Limit | undefined {
  const { gateway } = sender.spec
  if (!gateway?.rateLimit) return undefined
  switch (providerOf(gateway)) {
    case 'Traefik':
      return { resource: Middleware, object: middleware(sender, gateway.rateLimit) }
    case 'EnvoyGateway':
      return { resource: BackendTrafficPolicy, object: trafficPolicy(sender, gateway.rateLimit) }
    case 'GatewayAPI':
      return undefined
  }
}

/** What the route itself says of it: Traefik is told by the route, Envoy Gateway by the policy. */
export function limitFilters(sender: Sender, gateway: GatewaySpec): readonly object[] {
  if (!gateway.rateLimit || providerOf(gateway) !== 'Traefik') return []
  const [group = ''] = Middleware.apiVersion.split('/')
  return [
    {
      type: 'ExtensionRef',
      extensionRef: { group, kind: Middleware.kind, name: childName(sender, API) },
    },
  ]
}

function middleware(sender: Sender, { requestsPerSecond, proxiesInFront }: RateLimit): KubernetesObject {
  const ipStrategy = {
    ...(proxiesInFront !== undefined && { depth: proxiesInFront }),
    ipv6Subnet: IPV6_SUBSCRIBER,
  }
  return {
    apiVersion: Middleware.apiVersion,
    kind: Middleware.kind,
    metadata: metadata(sender, PART, API),
    spec: {
      rateLimit: {
        average: requestsPerSecond,
        period: '1s',
        burst: requestsPerSecond,
        sourceCriterion: { ipStrategy },
      },
    },
  }
}

/** One rule for each kind of address: Envoy matches a range of the one with none of the other. */
function trafficPolicy(sender: Sender, { requestsPerSecond }: RateLimit): KubernetesObject {
  const rules = ['0.0.0.0/0', '::/0'].map((value) => ({
    clientSelectors: [{ sourceCIDR: { type: 'Distinct', value, invert: false } }],
    limit: { requests: requestsPerSecond, unit: 'Second' },
  }))
  return {
    apiVersion: BackendTrafficPolicy.apiVersion,
    kind: BackendTrafficPolicy.kind,
    metadata: metadata(sender, PART, API),
    spec: {
      targetRefs: [{ group: GATEWAY_GROUP, kind: HTTPRoute.kind, name: childName(sender, API) }],
      rateLimit: { local: { rules } },
    },
  }
}
