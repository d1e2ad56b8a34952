/** Fields that several sections share: references, durations, sizes, addresses. */
import Type from 'typebox'

/** A Secret in the BatchSender's own namespace; references never leave it. */
export const secretRef = (description: string) =>
  Type.Object(
    {
      name: Type.String({
        minLength: 1,
        maxLength: 253,
        pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
        description: 'Name of a Secret in the namespace of the BatchSender.',
      }),
    },
    { description },
  )

/** One CEL rule of the CRD; the message tells what to write instead. */
export const rule = (expression: string, message: string) => ({ rule: expression, message })

/**
 * A pattern whose refusal is a sentence; the API server's own for `pattern` is the pattern. `specFaults` checks it, too.
 * @param expression RE2 without quotes
 */
export const matching = (expression: string, message: string) =>
  rule(`self.matches(r'${expression}')`, message)

const DURATION = '^([0-9]{1,6}(h|m|s))+$'

/** What a rule about a duration begins with: one that cannot be read is told of at its field, once. */
export const unlessDurations = (...fields: readonly string[]) =>
  fields.map((field) => `!${field}.matches(r'${DURATION}') || `).join('')

/**
 * A Go duration of hours, minutes and seconds, kept as the user wrote it.
 * @param path where it stands
 */
export const duration = (path: string, standard: string, description: string) =>
  Type.Optional(
    Type.String({
      default: standard,
      maxLength: 32,
      description,
      'x-kubernetes-validations': [
        matching(
          DURATION,
          `${path} must be hours, minutes and seconds, like 2160h or 1h30m: there are no days`,
        ),
      ],
    }),
  )

/** A Kubernetes quantity, kept as the user wrote it. */
export const quantity = (path: string, description: string, standard: string, ...rules: readonly object[]) =>
  Type.String({
    maxLength: 32,
    description,
    default: standard,
    'x-kubernetes-validations': [
      matching(
        '^[0-9]+([.][0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$',
        `${path} must be a quantity like 10Gi or 500M: bytes are Ki, Mi, Gi, Ti, Pi or k, M, G, T, P`,
      ),
      ...rules,
    ],
  })
