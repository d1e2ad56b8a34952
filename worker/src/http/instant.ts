/** Instants in answers. */
import Type from 'typebox'

/** A date, written as RFC 3339 when it is serialised. */
export const Instant = (description: string) =>
  Type.Unsafe<Date>({ type: 'string', format: 'date-time', description })
