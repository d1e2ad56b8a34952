/** The body of `POST /v1/batches/{id}/retry-failed`, which may be left out: which of the failed are meant. */
import Type from 'typebox'
import type { RetryFilter } from '../domain/retryFilter.ts'
import type { FieldError } from './problem.ts'
import { parseAddress } from '../domain/address.ts'
import { WITHOUT_NUL } from './page.ts'
import { ERRORS_TOLD, Problem } from './problem.ts'

export const RetryRequest = Type.Object(
  {
    errorCode: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        pattern: WITHOUT_NUL,
        description: 'Those whose `errorCode` it is; all of the failed when left out.',
      }),
    ),
    recipients: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        maxItems: 10_000,
        description: 'Their addresses; all of the failed when left out.',
      }),
    ),
    force: Type.Optional(
      Type.Boolean({
        description: 'Also those who were refused for good; never one whom a mail may have reached.',
      }),
    ),
  },
  { additionalProperties: false },
)
export type RetryRequest = Type.Static<typeof RetryRequest>

/** It may be left out, and then is null to whoever checks it. */
export const OptionalRetryRequest = Type.Unsafe<RetryRequest | null | undefined>({
  ...RetryRequest,
  type: ['object', 'null'],
})

/** @throws Problem with one error for each address that is none */
export function retryFilterOf({ errorCode, recipients, force }: RetryRequest): RetryFilter {
  const parsed = recipients?.map(parseAddress)
  const errors = parsed?.flatMap((one, index): FieldError[] =>
    one.ok ? [] : [{ pointer: `/recipients/${index}`, code: one.code }],
  )
  if (errors !== undefined && errors.length > 0)
    throw new Problem('invalid-request', errors.slice(0, ERRORS_TOLD))
  const addresses = parsed?.flatMap((one) => (one.ok ? [one.mailbox.normalised] : []))
  return { errorCode, addresses, force }
}

/** What the audit log keeps of it: how many addresses, not which. */
export const auditedFilter = ({
  errorCode,
  recipients,
  force,
}: RetryRequest): Record<string, string | number> => ({
  ...(errorCode !== undefined && { errorCode }),
  ...(recipients !== undefined && { addresses: recipients.length }),
  ...(force !== undefined && { force: String(force) }),
})
