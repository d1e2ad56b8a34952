/** Whether an error says that a server cannot be used at the moment, whatever was asked of it. */

/** Connection, shutdown, resource and time limit classes of PostgreSQL (appendix A), and the socket's own. */
const NOT_NOW =
  /^(08...|53...|57P..|57014|55P03|25006|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/
const DRIVER_NOT_NOW = /timeout|terminated unexpectedly|not queryable/i

export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return NOT_NOW.test(codeOf(error)) || DRIVER_NOT_NOW.test(error.message)
}

/** What may be told of an error: its code, such as `22P02`, or else its kind; never its words. */
export const kindOf = (error: unknown): string =>
  error instanceof Error ? codeOf(error) || error.name : typeof error

function codeOf(error: Error & { readonly code?: unknown }): string {
  return typeof error.code === 'string' ? error.code : ''
}
