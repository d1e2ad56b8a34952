/** Whether this worker may serve: its database answers and has a schema that this program knows. */
import type { Part } from '../runtime/parts.ts'
import type { SchemaState } from '../store/migrations.ts'
import type { Pools } from '../store/pools.ts'
import type { Context } from './context.ts'
import { repeat } from '../runtime/repeat.ts'
import { knownMigrations, schemaState } from '../store/migrations.ts'

export interface Health {
  /** The schema as it was last seen; undefined before the first look. */
  schema(): SchemaState | undefined
  /** Whether the database answered the last look. */
  isReachable(): boolean
  /** Whether the schema, when last seen, was one to work with. */
  isServing(): boolean
  /** Resolves after the first look, whatever it saw; rejects never. */
  readonly looked: Promise<void>
  /** Resolves true when it is for the first time, false when told to stop before; rejects never. */
  readonly served: Promise<boolean>
}

const LOOK_EVERY_MS = 2_000

/** Each change is told once. */
export async function watchHealth(
  { log, stopping }: Context,
  { pools }: { readonly pools: Pick<Pools, 'health'> },
): Promise<Health & Part> {
  const known = (await knownMigrations()).at(-1)?.version ?? 0
  let schema: SchemaState | undefined
  let isReachable = false
  let told = ''
  const served = Promise.withResolvers<boolean>()
  const isServing = () => schema?.state === 'current' || schema?.state === 'compatible'

  const look = async () => {
    try {
      schema = await schemaState(pools.health, known)
      isReachable = true
    } catch {
      isReachable = false
    }
    const message = wordsFor(isReachable, schema, known)
    if (message !== told) log[isReachable && isServing() ? 'info' : 'error'](message)
    told = message
    if (isServing()) served.resolve(true)
  }
  const { looked, finished } = repeat({
    everyMs: LOOK_EVERY_MS,
    stopping,
    work: look,
    onError: () => undefined,
  })
  return {
    schema: () => schema,
    isReachable: () => isReachable,
    isServing,
    looked,
    served: served.promise,
    finished: finished.then(() => {
      served.resolve(false)
    }),
  }
}

function wordsFor(isReachable: boolean, schema: SchemaState | undefined, known: number): string {
  if (!isReachable) return 'PostgreSQL does not answer'
  if (schema?.state === 'older') {
    return `the schema has version ${schema.version}, older than ${known}: run "migrate"`
  }
  if (schema?.state === 'newer')
    return `the schema has version ${schema.version}, newer than ${known} and not compatible`
  return `the schema has version ${schema?.version ?? known}`
}
