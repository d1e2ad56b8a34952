/** `spec.secrets`, and what the status tells of whom the Secrets come from. Never what is in them. */
import Type from 'typebox'
import { stringEnum } from './structural.ts'

/** What keeps a Secret, as far as the Secret shows; `Flux` and `None` do not count as managed. */
export const ORIGINS = ['SealedSecret', 'ExternalSecret', 'SOPS', 'Certificate', 'Flux', 'None'] as const

export const SecretsSpec = Type.Object(
  {
    requireManaged: Type.Optional(
      Type.Boolean({
        description:
          'Asks that every Secret that this spec names is kept by Sealed Secrets, External Secrets, SOPS or cert-manager: the check secrets-managed fails for one that is not. Nothing else depends on it.',
      }),
    ),
  },
  { description: 'What is asked of the Secrets that this spec names: docs/secrets.md.' },
)

/** As many as a spec can name, those for images included. */
export const MOST_SECRETS = 40

export const SecretOrigins = Type.Array(
  Type.Object({
    name: Type.String({ maxLength: 253 }),
    by: stringEnum(ORIGINS, {
      description:
        'What keeps it. Flux: applied from Git, which does not say whether it is encrypted there. None: nothing that is known.',
    }),
    of: Type.Optional(
      Type.String({
        maxLength: 512,
        description: 'Name of the object that keeps it; `namespace/name` where it is elsewhere.',
      }),
    ),
    editedBy: Type.Optional(
      Type.String({
        maxLength: 128,
        description: 'Who has changed its data by hand since: a field manager.',
      }),
    ),
  }),
  {
    maxItems: MOST_SECRETS,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    description: 'Where the Secrets that the spec names come from.',
  },
)
