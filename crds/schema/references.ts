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

/** A Go duration of hours, minutes and seconds, kept as the user wrote it. */
export const duration = (standard: string, description: string) =>
  Type.Optional(
    Type.String({
      default: standard,
      maxLength: 32,
      pattern: '^([0-9]+(h|m|s))+$',
      description,
    }),
  )

/** A Kubernetes quantity, kept as the user wrote it. */
export const quantity = (description: string, options: Record<string, unknown> = {}) =>
  Type.String({
    maxLength: 32,
    pattern: '^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$',
    description,
    ...options,
  })

/** One CEL rule of the CRD; the message tells what to write instead. */
export const rule = (expression: string, message: string) => ({ rule: expression, message })
