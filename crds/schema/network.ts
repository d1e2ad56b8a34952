/** `spec.network`: who may reach the pods of a BatchSender, and what they may reach. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { rule } from './references.ts'
import { stringEnum } from './structural.ts'

/** As NetworkPolicies take ranges since Kubernetes 1.36: no bit is set behind the prefix. */
const isRange = (of: string) => `isCIDR(${of}) && cidr(${of}) == cidr(${of}).masked()`

/** @param place as a message names it */
export const Cidr = (place: string, description: string, ...more: readonly object[]) =>
  Type.String({
    maxLength: 43,
    description,
    'x-kubernetes-validations': [
      rule(
        isRange('self'),
        `${place} must be a range of addresses like 203.0.113.0/24, with nothing behind its prefix: 203.0.113.7/24 is none`,
      ),
      ...more,
    ],
  })

const LabelValue = Type.String({ maxLength: 63 })

const Expression = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 317, description: 'Key of a label.' }),
    operator: stringEnum(['In', 'NotIn', 'Exists', 'DoesNotExist'], {
      description: 'How the label relates to the values.',
    }),
    values: Type.Optional(Type.Array(LabelValue, { maxItems: 16, description: 'For In and NotIn.' })),
  },
  {
    'x-kubernetes-validations': [
      rule(
        "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
        'In and NotIn need values; Exists and DoesNotExist take none',
      ),
    ],
  },
)

export const selector = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        matchLabels: Type.Optional(
          Type.Unsafe<Readonly<Record<string, string>>>({
            type: 'object',
            additionalProperties: { type: 'string', maxLength: 63 },
            maxProperties: 16,
            description: 'Labels that must be there with these values.',
          }),
        ),
        matchExpressions: Type.Optional(
          Type.Array(Expression, { maxItems: 8, description: 'What else must hold of the labels.' }),
        ),
      },
      { title: 'LabelSelector', description },
    ),
  )

const IpBlock = Type.Object(
  {
    cidr: Cidr('ipBlock.cidr', 'Range of addresses, like 203.0.113.0/24.'),
    except: Type.Optional(
      Type.Array(Cidr('every entry of ipBlock.except', 'Range within the range.'), {
        maxItems: 16,
        description: 'What is left out of it.',
      }),
    ),
  },
  {
    description: 'Addresses outside the cluster.',
    'x-kubernetes-validations': [
      rule(
        '!has(self.except) || !isCIDR(self.cidr) || self.except.all(e, isCIDR(e) && cidr(self.cidr).containsCIDR(e) && cidr(e).prefixLength() > cidr(self.cidr).prefixLength())',
        'every entry of ipBlock.except must be a smaller range within ipBlock.cidr',
      ),
    ],
  },
)

const Peer = Type.Object(
  {
    podSelector: selector(
      'Pods: of the namespaces that namespaceSelector selects, of our own when it is not given. {} selects all.',
    ),
    namespaceSelector: selector(
      'Namespaces: all their pods, unless podSelector narrows them. {} selects all.',
    ),
    ipBlock: Type.Optional(IpBlock),
  },
  {
    title: 'Peer',
    description: 'Who is at the other end of a connection, as in a NetworkPolicy.',
    'x-kubernetes-validations': [
      rule(
        'has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))',
        'a peer needs either ipBlock, or podSelector and namespaceSelector (one of them or both)',
      ),
    ],
  },
)
export type Peer = Static<typeof Peer>

const peers = (description: string) =>
  Type.Optional(Type.Array(Peer, { maxItems: 16, 'x-kubernetes-list-type': 'atomic', description }))

const ports = (description: string) =>
  Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: 65_535 }), {
      minItems: 1,
      maxItems: 8,
      'x-kubernetes-list-type': 'atomic',
      description,
    }),
  )

const FROM_ADDRESS =
  'Unset: made from the address in the spec: a Service name (NAME.NAMESPACE.svc) opens its namespace, an IP address itself, any other name the public ranges.'

const Egress = Type.Object(
  {
    postgres: peers(
      'PostgreSQL. Unset: the public ranges, since its address is in a Secret: name it when it is in the cluster or in a private network.',
    ),
    mail: peers(
      `The mail provider. With ses.topicArns the public ranges are open on 443 whatever stands here, for the certificates of SNS. ${FROM_ADDRESS}`,
    ),
    clickhouse: peers(`External ClickHouse. ${FROM_ADDRESS}`),
    nats: peers(`External NATS. ${FROM_ADDRESS}`),
    s3: peers(`The bucket of the backups, for the Job that removes old ones. ${FROM_ADDRESS}`),
    unleash: peers(`The server of the feature flags. ${FROM_ADDRESS}`),
    dns: peers('DNS servers, beside dnsCidrs. Unset: the pods k8s-app=kube-dns in kube-system.'),
  },
  {
    description:
      'What the pods may reach, each with a list of peers. An empty list: nothing. The public ranges are all addresses but private, shared, link-local (cloud metadata) and loopback ones and 168.63.129.16 (that of Azure).',
  },
)

const Ports = Type.Object(
  {
    postgres: ports('Unset: 5432. List all when directUrl has another port than url.'),
    mail: ports(
      'Unset: spec.worker.provider.smtp.port; of SES and Resend 443 or the port of their endpoint.',
    ),
    clickhouse: ports('Unset: the port of spec.clickhouse.external.url.'),
    nats: ports('Unset: the ports of spec.nats.external.servers.'),
    s3: ports('Unset: the port of spec.clickhouse.backup.destination.s3.endpoint.'),
    unleash: ports('Unset: the port of spec.worker.features.unleash.url.'),
    dns: ports('Unset: 53. OpenShift: 5353.'),
  },
  {
    description:
      'Ports of what the pods may reach. They are those of the pods and servers themselves; the port of a Service may be another.',
  },
)

export const NetworkSpec = Type.Object(
  {
    policies: Type.Optional(
      stringEnum(['Enabled', 'Disabled'], {
        default: 'Enabled',
        description: 'Whether the operator keeps NetworkPolicies. Disabled removes those it made.',
      }),
    ),
    clients: peers(
      'Who may reach the API port of the workers. Unset: the pods of the namespace. An empty list: nobody.',
    ),
    natsClients: peers(
      'Who may reach managed NATS beside workers and operator; a client certificate is asked for all the same. Unset: nobody.',
    ),
    monitoring: peers('Who may scrape the metrics of the workers. Unset: nobody.'),
    egress: Type.Optional(Egress),
    ports: Type.Optional(Ports),
    dnsCidrs: Type.Optional(
      Type.Array(Cidr('every entry of spec.network.dnsCidrs', 'Range of addresses.'), {
        maxItems: 8,
        'x-kubernetes-list-type': 'atomic',
        description:
          'Addresses of DNS servers that are no pods. Unset: 169.254.20.10/32, the NodeLocal DNS cache.',
      }),
    ),
  },
  { description: 'NetworkPolicies for the pods of this BatchSender, and for no others.' },
)
export type NetworkSpec = Static<typeof NetworkSpec>

/** What the pods may reach besides each other, as `egress` and `ports` name it. */
export type Destination = keyof Static<typeof Egress>
