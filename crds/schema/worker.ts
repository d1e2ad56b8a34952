/** `spec.worker`: the pods that take batches and send them. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { Features } from './features.ts'
import { placement } from './placement.ts'
import { Provider } from './provider.ts'
import { matching, rule, secretRef } from './references.ts'
import { passThrough, passThroughList, stringEnum } from './structural.ts'

const Http = Type.Object(
  {
    tokensSecretRef: secretRef(
      'Secret with one key per API token: the key is the name of the user, the value `sha256:` and the hexadecimal SHA-256 of the token, for a token with limits followed by ` scopes:` and what it may do, such as `batches:write,batches:read`.',
    ),
    maxRequestSizeBytes: Type.Optional(
      Type.Integer({
        minimum: 1_024,
        maximum: 104_857_600,
        default: 10_485_760,
        description:
          'Larger requests are refused with 413. A worker needs 50 times as much memory: the 512Mi of a worker without `spec.worker.resources` are enough for the 10 MiB of the default. With less, what does not fit is refused with 413 or, for the moment, with 503.',
      }),
    ),
    rateLimitPerIp: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        default: 100,
        description:
          'Requests per minute without a valid token from one IPv4 address or IPv6 /64, over all workers; more are refused with 429.',
      }),
    ),
    rateLimitPerToken: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000_000,
        default: 6_000,
        description: 'Requests per minute of one token, over all workers; more are refused with 429.',
      }),
    ),
    trustedProxies: Type.Optional(
      Type.Array(
        Type.String({
          maxLength: 43,
          pattern:
            '^(((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3})(/(3[0-2]|[12]?[0-9]))?|[0-9a-fA-F:]*:[0-9a-fA-F:]*(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$',
        }),
        {
          maxItems: 32,
          description:
            'Addresses and networks (CIDR) of proxies whose X-Forwarded-For tells the address of a client, beside spec.gateway.from.addresses. Unset: nobody else is believed.',
        },
      ),
    ),
  },
  { description: 'The HTTP API of the workers.' },
)

const Unsubscribe = Type.Object(
  {
    baseUrl: Type.String({
      maxLength: 253,
      pattern: '^https://[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[-a-zA-Z0-9._~/]*)?$',
      description:
        'Where recipients reach the API from outside: `/u/...` below it has to arrive at the workers.',
    }),
    keySecretRef: secretRef(
      'Secret with the key `key`: a random text of at least 32 characters. To replace it, put the new one on a line before it: links under the old one go on working.',
    ),
  },
  {
    description:
      'One-click unsubscription (RFC 8058): headers on every mail, and the variable `unsubscribeUrl`.',
  },
)

const Autoscaling = Type.Object(
  {
    minReplicas: Type.Integer({ minimum: 1, maximum: 500, description: 'Never fewer workers.' }),
    maxReplicas: Type.Integer({ minimum: 1, maximum: 500, description: 'Never more workers.' }),
    targetCpuPercent: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description: 'CPU that the workers should use, in percent of what they ask for. Unset: 80.',
      }),
    ),
    metrics: Type.Optional(
      passThroughList<object>({
        description: 'Metrics of a HorizontalPodAutoscaler (autoscaling/v2) instead of the CPU.',
      }),
    ),
  },
  {
    description: 'A HorizontalPodAutoscaler sets the number of workers.',
    'x-kubernetes-validations': [
      rule(
        'self.minReplicas <= self.maxReplicas',
        'spec.worker.autoscaling.minReplicas must not be above maxReplicas',
      ),
      rule(
        '!(has(self.targetCpuPercent) && has(self.metrics))',
        'spec.worker.autoscaling takes targetCpuPercent or metrics: put the CPU among the metrics',
      ),
    ],
  },
)

export const WorkerSpec = Type.Object(
  {
    replicas: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 500,
        description: 'Number of workers. Unset: 2. `kubectl scale` works when it is set.',
      }),
    ),
    autoscaling: Type.Optional(Autoscaling),
    image: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description: "Image of the worker. Unset: the operator's default.",
        'x-kubernetes-validations': [
          // github.com/distribution/reference, without what only a registry can tell.
          matching(
            '^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][-A-Za-z0-9_.]*)?(@[a-z0-9]+:[0-9a-f]{32,})?$',
            'spec.worker.image must be the name of an image, like registry.example.com/worker:1.2.3',
          ),
        ],
      }),
    ),
    ...placement({
      path: 'spec.worker',
      of: 'workers, of their migration and of backups',
      unset: '',
    }),
    resources: Type.Optional(
      passThrough<object>({
        description:
          'Requests and limits of the worker container. Unset: 100m and 128Mi asked, 512Mi at most.',
      }),
    ),
    affinity: Type.Optional(
      passThrough<object>({
        description:
          'Affinity of the worker pods. Of it `nodeAffinity` counts for migration, backups and NATS, too; what it says of neighbours is for workers alone.',
      }),
    ),
    topologySpreadConstraints: Type.Optional(
      passThroughList<object>({ description: 'How workers spread. Unset: over nodes, as far as possible.' }),
    ),
    logLevel: Type.Optional(
      stringEnum(['debug', 'info', 'warn', 'error'], {
        default: 'info',
        description: 'What the workers log; `debug` names every request and every chunk.',
      }),
    ),
    provider: Provider,
    http: Http,
    unsubscribe: Type.Optional(Unsubscribe),
    features: Type.Optional(Features),
  },
  {
    description: 'The workers: they take batches over HTTP and send them.',
    'x-kubernetes-validations': [
      rule(
        '!(has(self.replicas) && has(self.autoscaling))',
        'spec.worker takes replicas or autoscaling: remove one of them',
      ),
      rule(
        '!has(self.http.maxRequestSizeBytes) || self.http.maxRequestSizeBytes <= 10485760 || has(self.resources)',
        'spec.worker.http.maxRequestSizeBytes above 10485760 needs more memory than a worker has by default: set spec.worker.resources.limits.memory to 50 times of it',
      ),
    ],
  },
)
export type WorkerSpec = Static<typeof WorkerSpec>
