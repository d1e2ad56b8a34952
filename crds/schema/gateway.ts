/** `spec.gateway`: how the workers are reached from outside: routes at a Gateway that somebody else keeps. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { Cidr, selector } from './network.ts'
import { matching, rule } from './references.ts'

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'

const ParentRef = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 253,
      pattern: `^${LABEL}([.]${LABEL})*$`,
      description: 'Name of the Gateway.',
    }),
    namespace: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        pattern: `^${LABEL}$`,
        description:
          'Its namespace. Unset: that of the BatchSender. Another one has to allow our routes: `allowedRoutes` of its listener.',
      }),
    ),
    sectionName: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 253,
        pattern: `^${LABEL}([.]${LABEL})*$`,
        description:
          'Name of the listener, which brings port and certificate. Unset: every listener that has the hostnames, also one without TLS.',
      }),
    ),
  },
  {
    description:
      'The Gateway (gateway.networking.k8s.io) that is to lead to the workers. The operator makes no Gateways and no certificates.',
  },
)

const Hostname = Type.String({
  minLength: 1,
  maxLength: 253,
  'x-kubernetes-validations': [
    matching(
      `^([*][.])?${LABEL}([.]${LABEL})*$`,
      'every entry of spec.gateway.hostnames must be a name in lower case like mail.example.com or *.example.com, without port and path',
    ),
    rule(
      '!isIP(self)',
      'every entry of spec.gateway.hostnames must be a name: a Gateway takes no addresses, write one that leads to it',
    ),
  ],
})

const Pods = Type.Object(
  {
    podSelector: selector(
      'Pods: of the namespaces that namespaceSelector selects, of our own when it is not given. {} selects all.',
    ),
    namespaceSelector: selector(
      'Namespaces: all their pods, unless podSelector narrows them. {} selects all.',
    ),
  },
  {
    'x-kubernetes-validations': [
      rule(
        'has(self.podSelector) || has(self.namespaceSelector)',
        'every entry of spec.gateway.from.pods needs podSelector or namespaceSelector; addresses belong into spec.gateway.from.addresses',
      ),
    ],
  },
)

/** Any range but one whose prefix is 0. */
const SomeRange = Cidr(
  'every entry of spec.gateway.from.addresses',
  'Range of addresses.',
  matching(
    '([^/]0|[^0])$',
    'no entry of spec.gateway.from.addresses may be everybody (/0), since workers believe what these say of their clients: write the addresses of the pods or nodes of the gateway, like 10.244.3.0/24',
  ),
)

const From = Type.Object(
  {
    pods: Type.Optional(
      Type.Array(Pods, {
        minItems: 1,
        maxItems: 8,
        'x-kubernetes-list-type': 'atomic',
        description:
          'The pods of the gateway. They may reach the API port of the workers, beside spec.network.clients.',
      }),
    ),
    addresses: Type.Optional(
      Type.Array(SomeRange, {
        minItems: 1,
        maxItems: 16,
        'x-kubernetes-list-type': 'atomic',
        description:
          'Addresses that its requests come from: workers believe the X-Forwarded-For of these, beside spec.worker.http.trustedProxies. Without `pods` they are also who may reach the API port. The fewer the better, such as those of the pods or nodes of the gateway: whoever calls from there, also through the gateway, can name any client.',
      }),
    ),
  },
  {
    description: 'Where the requests of the gateway come from.',
    'x-kubernetes-validations': [
      rule(
        'has(self.pods) || has(self.addresses)',
        "spec.gateway.from needs pods (who the gateway's pods are), addresses (where they call from), or both",
      ),
    ],
  },
)

const RateLimit = Type.Object(
  {
    requestsPerSecond: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description:
        'Requests of one client in a second, and as many at once. More are answered with 429. Limits by the minute, over all replicas, are those of spec.worker.http.',
    }),
    proxiesInFront: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 8,
        description:
          'Proxies before Traefik that add to X-Forwarded-For: the client is who the first of them saw. Traefik has to trust them (`forwardedHeaders.trustedIPs`). Unset: the client is who connects to Traefik.',
      }),
    ),
  },
  {
    description:
      'Requests to the API, of each client address, at each replica of the gateway. Webhooks and clicks to unsubscribe are not limited there: providers send them for everybody from few addresses, and SNS takes a 429 for delivered.',
  },
)

const PROVIDERS = ['GatewayAPI', 'Traefik', 'EnvoyGateway'] as const
export type GatewayProvider = (typeof PROVIDERS)[number]

const Provider = Type.Unsafe<GatewayProvider>({
  type: 'string',
  maxLength: 63,
  default: 'GatewayAPI',
  description:
    'What the Gateway runs on: decides how limits are set. GatewayAPI: any that keeps the Gateway API, routes alone. Traefik: with a Middleware. EnvoyGateway: with a BackendTrafficPolicy.',
  'x-kubernetes-validations': [
    rule(
      "!self.lowerAscii().contains('nginx')",
      'spec.gateway.provider cannot be nginx: ingress-nginx is retired and has had no security fixes since March 2026; write Traefik or EnvoyGateway, or GatewayAPI for any other that keeps the Gateway API, NGINX Gateway Fabric too',
    ),
    matching(
      `^(${PROVIDERS.join('|')}|.*[nN][gG][iI][nN][xX].*)$`,
      `spec.gateway.provider must be one of ${PROVIDERS.join(', ')}`,
    ),
  ],
})

export const GatewaySpec = Type.Object(
  {
    provider: Type.Optional(Provider),
    parentRef: ParentRef,
    hostnames: Type.Array(Hostname, {
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'atomic',
      description: 'Names under which the workers are reached; `*.` stands for any name below.',
    }),
    from: From,
    rateLimit: Type.Optional(RateLimit),
  },
  {
    description:
      'HTTPRoutes for the API and its pages, and for the webhooks and links to unsubscribe that are set. Unset: none.',
    'x-kubernetes-validations': [
      rule(
        "!has(self.rateLimit) || (has(self.provider) && self.provider != 'GatewayAPI')",
        'spec.gateway.rateLimit needs provider Traefik or EnvoyGateway, since the Gateway API has no limits of its own; those of spec.worker.http hold in any case',
      ),
      rule(
        "!has(self.rateLimit) || !has(self.rateLimit.proxiesInFront) || (has(self.provider) && self.provider != 'EnvoyGateway')",
        'spec.gateway.rateLimit.proxiesInFront is for Traefik: Envoy Gateway is told of proxies by a ClientTrafficPolicy (clientIPDetection) beside its Gateway',
      ),
    ],
  },
)
export type GatewaySpec = Static<typeof GatewaySpec>
