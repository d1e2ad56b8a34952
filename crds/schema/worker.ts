/** `spec.worker`: the pods that take batches and send them. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { rule, secretRef } from './references.ts'
import { passThrough, passThroughList, stringEnum, stringMap } from './structural.ts'

const OUR_PREFIXES =
  "!(k.startsWith('app.kubernetes.io/') || k.startsWith('batchsender.io/') || k.contains('kubernetes.io/'))"

const Smtp = Type.Object(
  {
    host: Type.String({ minLength: 1, maxLength: 253, description: 'Host name of the SMTP server.' }),
    port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        default: 587,
        description: '465 speaks TLS from the first byte.',
      }),
    ),
    tls: Type.Optional(
      stringEnum(['Required', 'Opportunistic', 'Disabled'], {
        default: 'Required',
        description:
          'Required refuses to send without TLS; Opportunistic takes STARTTLS when offered; Disabled never does.',
      }),
    ),
    credentialsSecretRef: Type.Optional(secretRef('Secret with the keys `username` and `password`.')),
  },
  { description: 'Sends through an SMTP server.' },
)

const endpoint = (description: string) =>
  Type.Optional(
    Type.String({
      maxLength: 253,
      pattern: '^https://[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?$',
      description,
    }),
  )

const Ses = Type.Object(
  {
    region: Type.String({
      maxLength: 32,
      pattern: '^[a-z]{2}(-[a-z]+)+-[0-9]$',
      description: 'AWS region of the account, such as eu-west-1.',
    }),
    configurationSet: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: '^[A-Za-z0-9_-]+$',
        description: 'Configuration set that mails are sent with.',
      }),
    ),
    endpoint: endpoint('A VPC endpoint of SES. Unset: the public one of the region.'),
    credentialsSecretRef: secretRef(
      'Secret with the keys `accessKeyId` and `secretAccessKey` of a user that may `ses:SendRawEmail` and `ses:SendEmail`.',
    ),
  },
  { description: 'Sends through Amazon SES, API v2.' },
)

const ResendProvider = Type.Object(
  {
    endpoint: endpoint('A proxy of your own in front of Resend. Unset: https://api.resend.com.'),
    credentialsSecretRef: secretRef('Secret with the key `apiKey`, with access to sending.'),
  },
  { description: 'Sends through Resend.' },
)

const Provider = Type.Object(
  {
    smtp: Type.Optional(Smtp),
    ses: Type.Optional(Ses),
    resend: Type.Optional(ResendProvider),
    maxPerSecond: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description: 'Mails per second over all workers together. Unset: as fast as the provider takes them.',
      }),
    ),
    onUncertain: Type.Optional(
      stringEnum(['Hold', 'Resend'], {
        default: 'Hold',
        description:
          'What happens to a recipient whose mail the provider may or may not have taken before a crash: Hold leaves it `uncertain` for a person, Resend sends again and risks a duplicate, except through Resend within 24 hours.',
      }),
    ),
  },
  {
    description: 'Who delivers the mail.',
    'x-kubernetes-validations': [
      rule(
        '[has(self.smtp), has(self.ses), has(self.resend)].exists_one(set, set)',
        'spec.worker.provider needs exactly one provider: set one of smtp, ses and resend',
      ),
    ],
  },
)

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
        description: 'Larger requests are refused with 413.',
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
            'Addresses and networks (CIDR) of proxies whose X-Forwarded-For tells the address of a client. Unset: nobody is believed.',
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

export const WorkerSpec = Type.Object(
  {
    replicas: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 500,
        description: 'Number of workers. Unset: 2. `kubectl scale` works when it is set.',
      }),
    ),
    image: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description: "Image of the worker. Unset: the operator's default.",
      }),
    ),
    imagePullSecrets: Type.Optional(
      Type.Array(Type.Object({ name: Type.String({ minLength: 1, maxLength: 253 }) }), {
        maxItems: 10,
        description: 'Secrets to pull the images with.',
      }),
    ),
    resources: Type.Optional(
      passThrough<object>({
        description:
          'Requests and limits of the worker container. Unset: 100m and 128Mi asked, 512Mi at most.',
      }),
    ),
    nodeSelector: Type.Optional(stringMap({ description: 'Nodes that may run workers.' })),
    tolerations: Type.Optional(passThroughList<object>({ description: 'Taints that workers tolerate.' })),
    affinity: Type.Optional(passThrough<object>({ description: 'Affinity of the worker pods.' })),
    topologySpreadConstraints: Type.Optional(
      passThroughList<object>({ description: 'How workers spread. Unset: over nodes, as far as possible.' }),
    ),
    podLabels: Type.Optional(
      stringMap({
        description: 'More labels for the worker pods.',
        'x-kubernetes-validations': [
          rule(
            `self.all(k, ${OUR_PREFIXES})`,
            'spec.worker.podLabels may not use app.kubernetes.io/, batchsender.io/ or kubernetes.io/ keys: choose a prefix of your own',
          ),
        ],
      }),
    ),
    podAnnotations: Type.Optional(
      stringMap({
        description: 'More annotations for the worker pods.',
        'x-kubernetes-validations': [
          rule(
            `self.all(k, !k.startsWith('batchsender.io/'))`,
            'spec.worker.podAnnotations may not use batchsender.io/ keys: choose a prefix of your own',
          ),
        ],
      }),
    ),
    provider: Provider,
    http: Http,
    unsubscribe: Type.Optional(Unsubscribe),
  },
  { description: 'The workers: they take batches over HTTP and send them.' },
)
export type WorkerSpec = Static<typeof WorkerSpec>
