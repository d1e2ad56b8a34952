/** `spec.worker.features`: where the workers' feature flags come from. */
import type { Static } from 'typebox'
import Type from 'typebox'
import { rule, secretRef } from './references.ts'
import { stringEnum } from './structural.ts'

const Flags = Type.Object(
  {
    'provider-paused': Type.Optional(
      Type.Boolean({
        description: 'Nothing is sent while it is true; batches are taken and stay `running`. Unset: false.',
      }),
    ),
    'on-uncertain': Type.Optional(
      stringEnum(['Hold', 'Resend'], { description: 'Instead of spec.worker.provider.onUncertain.' }),
    ),
    'wide-claims': Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description:
          'Percentage of the batches whose recipients are claimed in groups twice as large. Unset: 0.',
      }),
    ),
  },
  { description: 'The flags themselves. Workers are replaced, one after the other, when they change.' },
)

const Unleash = Type.Object(
  {
    url: Type.String({
      maxLength: 253,
      pattern: '^https?://[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?(:[0-9]{1,5})?(/[-a-zA-Z0-9._~/]*)?$',
      description: 'API of the Unleash server, such as https://unleash.example.com/api.',
    }),
    tokenSecretRef: secretRef('Secret with the key `token`: a backend (client) token of Unleash.'),
    appName: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        pattern: '^[-a-zA-Z0-9._]+$',
        default: 'batchsender',
        description: 'Name that Unleash lists the workers under.',
      }),
    ),
  },
  { description: 'A server of Unleash.' },
)

export const Features = Type.Object(
  {
    provider: stringEnum(['Env', 'ConfigMap', 'Unleash'], {
      description:
        'Env takes the flags from this spec; ConfigMap from a file that workers read again as it changes; Unleash from its server.',
    }),
    flags: Type.Optional(Flags),
    configMapRef: Type.Optional(
      Type.Object(
        {
          name: Type.String({
            minLength: 1,
            maxLength: 253,
            pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
            description: 'Name of a ConfigMap in the namespace of the BatchSender.',
          }),
        },
        {
          description:
            'ConfigMap with the key `flags.json`, in the format of flagd. While it is missing every flag has its standard value; while it is broken the last good one is in force.',
        },
      ),
    ),
    unleash: Type.Optional(Unleash),
  },
  {
    description:
      'Feature flags: what can be switched while workers run. Unset: every flag has its standard value.',
    'x-kubernetes-validations': [
      rule(
        "(self.provider == 'Env') == has(self.flags)",
        'spec.worker.features.flags goes with provider Env, which needs it',
      ),
      rule(
        "(self.provider == 'ConfigMap') == has(self.configMapRef)",
        'spec.worker.features.configMapRef goes with provider ConfigMap, which needs it',
      ),
      rule(
        "(self.provider == 'Unleash') == has(self.unleash)",
        'spec.worker.features.unleash goes with provider Unleash, which needs it',
      ),
    ],
  },
)
export type Features = Static<typeof Features>
