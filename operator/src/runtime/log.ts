/** What the runtime needs of a logger; pino is one. */

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}
