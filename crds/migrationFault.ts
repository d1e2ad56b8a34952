/** Why a migration failed, in its termination message: written by the worker's program, read by the operator as untrusted. */
import type { Static } from 'typebox'
import { Ajv, type ValidateFunction } from 'ajv'
import Type from 'typebox'
import { stringEnum } from './schema/structural.ts'

/** More of the words of a server than a person reads. */
export const MOST_FAULT_CHARACTERS = 400
const MOST_MESSAGE_BYTES = 4_096

export const MigrationFault = Type.Object(
  {
    job: Type.Literal('migration'),
    /** `credentials` and `refused`: PostgreSQL said so. `failed`: the program never got as far. */
    kind: stringEnum(['credentials', 'refused', 'failed']),
    /** What PostgreSQL said, in one line; of anything else only a code or the name of an error. */
    error: Type.String({ minLength: 1, maxLength: MOST_FAULT_CHARACTERS }),
  },
  { additionalProperties: false },
)
export type MigrationFault = Static<typeof MigrationFault>

/** Compiled when the first message comes, which is hardly ever: that takes megabytes. */
let isFault: ValidateFunction<MigrationFault> | undefined

/** @returns `undefined` for anything else, whatever it is */
export function parseMigrationFault(text: string): MigrationFault | undefined {
  if (Buffer.byteLength(text) > MOST_MESSAGE_BYTES) return undefined
  try {
    const value: unknown = JSON.parse(text)
    isFault ??= new Ajv().compile<MigrationFault>(MigrationFault)
    return isFault(value) ? value : undefined
  } catch {
    return undefined
  }
}
