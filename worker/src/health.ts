/** Whether this worker may serve: its database answers and has a schema that this program knows. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from './store/database.ts'
import type { SchemaState } from './store/migrations.ts'
import { schemaState } from './store/migrations.ts'

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

/** @param onChange told once for each change, with words for a log */
export function watchHealth(
  database: Queryable,
  knownVersion: number,
  stopping: AbortSignal,
  onChange: (isGood: boolean, message: string) => void,
): Health {
  let schema: SchemaState | undefined
  let isReachable = false
  let told = ''
  let serve: (isServing: boolean) => void = () => undefined
  const served = new Promise<boolean>((resolve) => {
    serve = resolve
  })
  const isServing = () => schema?.state === 'current' || schema?.state === 'compatible'

  const look = async () => {
    try {
      schema = await schemaState(database, knownVersion)
      isReachable = true
    } catch {
      isReachable = false
    }
    const message = wordsFor(isReachable, schema, knownVersion)
    if (message !== told) onChange(isReachable && isServing(), message)
    told = message
    if (isServing()) serve(true)
  }
  const looked = look()
  const pause = () => sleep(LOOK_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined)
  const run = async () => {
    await looked
    await pause()
    while (!stopping.aborted) {
      await look()
      await pause()
    }
    serve(false)
  }
  void run()
  return { schema: () => schema, isReachable: () => isReachable, isServing, looked, served }
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
