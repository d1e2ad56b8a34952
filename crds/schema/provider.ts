/** `spec.worker.provider`: who delivers the mail. */
import Type from 'typebox'
import { matching, rule, secretRef } from './references.ts'
import { stringEnum } from './structural.ts'

const seconds = (standard: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600, default: standard, description }))

const SmtpTimeouts = Type.Object(
  {
    connectSeconds: seconds(15, 'Until the host of the server answers.'),
    greetingSeconds: seconds(300, 'Until the server greets, and for a handshake of TLS.'),
    replySeconds: seconds(
      600,
      'Silence in the conversation. A server that takes longer after the end of a mail leaves it `uncertain`.',
    ),
  },
  { description: 'How long a server is waited for. Unset: as long as RFC 5321 §4.5.3.2 asks for.' },
)

const Smtp = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      maxLength: 253,
      description: 'Host name or address of the SMTP server.',
      'x-kubernetes-validations': [
        matching(
          '^([A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?[.]?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$',
          'spec.worker.provider.smtp.host must be a bare host name or address, like mail.example.com: the port is spec.worker.provider.smtp.port',
        ),
      ],
    }),
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
    maxMessagesPerConnection: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 100,
        description:
          'Mails before a worker makes a new connection. Exim delivers at once only the first 10 of each: 10 there.',
      }),
    ),
    connections: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 50,
        default: 20,
        description:
          'Connections of one worker at most. A server that refuses some is believed: fewer are made, and one more is tried now and then.',
      }),
    ),
    ehloName: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 253,
        description: 'Name that workers give themselves in EHLO. Unset: the domain of the sender.',
        'x-kubernetes-validations': [
          matching(
            '^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?([.][A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)+$',
            'spec.worker.provider.smtp.ehloName must be a host name with a dot, like mail.example.com',
          ),
        ],
      }),
    ),
    caSecretRef: Type.Optional(
      secretRef(
        'Secret with the key `ca.crt`: the authorities that the server’s certificate is of, instead of the public ones. Counts with `tls: Required`.',
      ),
    ),
    timeouts: Type.Optional(SmtpTimeouts),
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

const TOPIC_ARN = '^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}([.]fifo)?$'

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
    credentialsSecretRef: Type.Optional(
      secretRef(
        'Secret with the keys `accessKeyId` and `secretAccessKey` of a user that may `ses:SendRawEmail`, `ses:SendEmail` and `ses:GetAccount`. Unset: what the AWS SDK finds by itself, such as the role of the ServiceAccount.',
      ),
    ),
    topicArns: Type.Optional(
      Type.Array(Type.String({ maxLength: 320, pattern: TOPIC_ARN }), {
        minItems: 1,
        maxItems: 20,
        description:
          'Topics of Amazon SNS that tell of bounces, complaints and deliveries at `/webhooks/ses`. Messages of others are refused. Unset: there is no such path.',
      }),
    ),
    signatures: Type.Optional(
      stringEnum(['Any', 'Sha256'], {
        default: 'Any',
        description:
          'Signatures that messages of SNS may have. Sha256 refuses SHA-1, which a topic uses unless its attribute `SignatureVersion` is 2.',
      }),
    ),
  },
  { description: 'Sends through Amazon SES, API v2.' },
)

const ResendProvider = Type.Object(
  {
    endpoint: endpoint('A proxy of your own in front of Resend. Unset: https://api.resend.com.'),
    credentialsSecretRef: secretRef('Secret with the key `apiKey`, with access to sending.'),
    webhookSecretRefs: Type.Optional(
      Type.Array(
        secretRef('Secret with the key `webhookSecret`, the `whsec_…` that Resend shows for the webhook.'),
        {
          minItems: 1,
          maxItems: 4,
          description:
            'What webhooks at `/webhooks/resend` may be signed with: two while a secret is being exchanged. Unset: there is no such path.',
        },
      ),
    ),
  },
  { description: 'Sends through Resend.' },
)

export const Provider = Type.Object(
  {
    smtp: Type.Optional(Smtp),
    ses: Type.Optional(Ses),
    resend: Type.Optional(ResendProvider),
    maxPerSecond: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description:
          'Mails per second over all workers together. Unset: as fast as the provider takes them. SES and Resend say how fast that is; the lower of both counts.',
      }),
    ),
    onUncertain: Type.Optional(
      stringEnum(['Hold', 'Resend'], {
        default: 'Hold',
        description:
          'What happens to a recipient whose mail the provider may or may not have taken before a crash: Hold leaves it `uncertain` for a person, Resend sends again and risks a duplicate; through Resend, which knows a repeated mail for 24 hours, it risks none and holds what is older.',
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
