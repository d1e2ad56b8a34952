/** `spec.nats`: the queue that wakes the workers, run by the operator or brought by the user. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { placement } from './placement.ts'
import { duration, matching, quantity, rule, secretRef, unlessDurations } from './references.ts'
import { integerEnum, passThrough, passThroughList } from './structural.ts'

const Managed = Type.Object(
  {
    replicas: Type.Optional(
      integerEnum([1, 3, 5], {
        default: 1,
        description: 'NATS nodes: 1, 3 or 5, never fewer than before. With 3 one node may fail, with 5 two.',
        'x-kubernetes-validations': [
          rule(
            'self >= oldSelf',
            'spec.nats.managed.replicas can only grow: nodes that hold data are not removed',
          ),
        ],
      }),
    ),
    storage: Type.Optional(
      Type.Object(
        {
          size: Type.Optional(
            quantity(
              'spec.nats.managed.storage.size',
              'Volume of each node.',
              '10Gi',
              rule('self == oldSelf', 'spec.nats.managed.storage.size cannot change yet: the volumes exist'),
            ),
          ),
          storageClassName: Type.Optional(
            Type.String({
              maxLength: 253,
              description: 'Storage class of the volumes. Unset: the default of the cluster.',
            }),
          ),
        },
        {
          default: {},
          description: 'Where the queue is kept.',
          'x-kubernetes-validations': [
            rule(
              // On the parent: a rule of the field itself is not asked when it is added or removed.
              "(has(self.storageClassName) ? self.storageClassName : '') == (has(oldSelf.storageClassName) ? oldSelf.storageClassName : '')",
              'spec.nats.managed.storage.storageClassName cannot change: the volumes exist',
            ),
          ],
        },
      ),
    ),
    encryption: Type.Optional(
      Type.Object(
        {
          enabled: Type.Boolean({
            description:
              'Encrypts the volumes with a key that the operator makes and keeps in two Secrets, `<name>-nats-data-key` and `<name>-nats-data-key-copy`. Keep a copy of it elsewhere: without the key nobody reads the volumes.',
          }),
        },
        { description: 'Encryption at rest. Cannot change later.' },
      ),
    ),
    resources: Type.Optional(
      passThrough<object>({
        description: 'Requests and limits of the NATS container. Unset: 50m and 64Mi asked, 512Mi at most.',
      }),
    ),
    ...placement({ path: 'spec.nats.managed', of: 'NATS', unset: ' Unset: as spec.worker says.' }),
    affinity: Type.Optional(
      passThrough<object>({
        description: 'Affinity of the NATS pods. Unset: the `nodeAffinity` of spec.worker.affinity.',
      }),
    ),
    topologySpreadConstraints: Type.Optional(
      passThroughList<object>({
        description: 'How NATS nodes spread. Unset: over nodes, as far as possible.',
      }),
    ),
  },
  {
    description: 'NATS that the operator runs.',
    'x-kubernetes-validations': [
      rule(
        '(has(self.encryption) && self.encryption.enabled) == (has(oldSelf.encryption) && oldSelf.encryption.enabled)',
        'spec.nats.managed.encryption.enabled cannot change, since what is on the volumes would stay as it is: create another BatchSender',
      ),
    ],
  },
)

const External = Type.Object(
  {
    servers: Type.Array(
      Type.String({
        minLength: 1,
        maxLength: 500,
        description: 'tls://host:port',
        'x-kubernetes-validations': [
          matching(
            '^tls://[^@/[:space:]]+$',
            'spec.nats.external.servers must begin with tls:// and hold neither credentials nor a path, like tls://nats.example.com:4222',
          ),
        ],
      }),
      { minItems: 1, maxItems: 16, description: 'Addresses of the servers, without credentials.' },
    ),
    tlsSecretRef: Type.Optional(
      secretRef('Secret with `tls.crt`, `tls.key` and `ca.crt`: what workers and operator show and trust.'),
    ),
    replicas: Type.Optional(
      integerEnum([1, 3, 5], {
        default: 1,
        description: 'Copies of the stream that the operator creates there.',
      }),
    ),
  },
  { description: 'NATS that runs elsewhere; the operator only keeps the stream and its consumer there.' },
)

const STANDARD = { duration: '2160h', renewBefore: '720h', caDuration: '43800h' }

const Tls = Type.Object(
  {
    duration: duration('spec.nats.tls.duration', STANDARD.duration, 'How long a certificate is valid.'),
    renewBefore: duration(
      'spec.nats.tls.renewBefore',
      STANDARD.renewBefore,
      'How long before its end a certificate is renewed; each serves for a third of its life at least.',
    ),
    caDuration: duration(
      'spec.nats.tls.caDuration',
      STANDARD.caDuration,
      'How long the certificate authority is valid.',
    ),
    issuerSecretRef: Type.Optional(
      secretRef(
        'Secret with `tls.crt` and `tls.key` of a CA of yours, optionally `ca.crt` with what is to be trusted beside it. Unset: the operator makes one.',
      ),
    ),
  },
  {
    // Rules are checked on the default as it stands, before the defaults of its fields are filled in.
    default: STANDARD,
    description: 'Certificates of managed NATS.',
    'x-kubernetes-validations': [
      rule(
        `${unlessDurations('self.renewBefore', 'self.duration')}duration(self.renewBefore) < duration(self.duration)`,
        'spec.nats.tls.renewBefore must be shorter than spec.nats.tls.duration',
      ),
      rule(
        `${unlessDurations('self.duration', 'self.caDuration')}duration(self.duration) < duration(self.caDuration)`,
        'spec.nats.tls.duration must be shorter than spec.nats.tls.caDuration',
      ),
      rule(
        `${unlessDurations('self.duration')}duration(self.duration) >= duration('1h')`,
        'spec.nats.tls.duration must be at least 1h',
      ),
    ],
  },
)

export const NatsSpec = Type.Object(
  {
    managed: Type.Optional(Managed),
    external: Type.Optional(External),
    tls: Type.Optional(Tls),
  },
  {
    description: 'The queue that wakes the workers. Exactly one of managed and external, for good.',
    'x-kubernetes-validations': [
      rule(
        '[has(self.managed), has(self.external)].filter(x, x).size() == 1',
        'spec.nats needs exactly one of spec.nats.managed and spec.nats.external',
      ),
      rule(
        'has(self.managed) == has(oldSelf.managed)',
        'spec.nats cannot switch between managed and external: create another BatchSender',
      ),
    ],
  },
)
export type NatsSpec = Static<typeof NatsSpec>
