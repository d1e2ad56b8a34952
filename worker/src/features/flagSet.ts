/** A set of flags in the format of flagd: taken as a whole, or not at all. */
import type { EvaluationContext, FlagValueType, JsonValue, ResolutionDetails } from '@openfeature/server-sdk'
import { FlagdCore, MemoryStorage } from '@openfeature/flagd-core'
import { FLAG_NAMES, mayBe } from '../domain/flags.ts'

/** Rules of ours are interpreted: nothing in the worker is made into code while it runs. */
const OPTIONS = { disableDynamicCodeGeneration: true }
const EMPTY = JSON.stringify({ flags: {} })

const QUIET = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

export interface FlagSet {
  resolve<Value extends JsonValue>(
    type: FlagValueType,
    name: string,
    standard: Value,
    context: EvaluationContext,
  ): ResolutionDetails<Value>
}

/** @throws Error that names what is wrong with the text, or with a flag of ours in it. */
export function parseFlagSet(text: string): FlagSet {
  const storage = new MemoryStorage(QUIET, OPTIONS)
  const core = new FlagdCore(storage, QUIET, OPTIONS)
  storage.setConfigurations(text, true)
  for (const name of FLAG_NAMES) {
    const flag = storage.getFlag(name)
    if (flag === undefined) continue
    for (const [variant, value] of flag.variants)
      if (!mayBe(name, value)) throw new Error(`${name}: the variant "${variant}" is nothing it can be`)
    const { errorMessage } = flag.evaluate({ targetingKey: 'any' }, QUIET)
    if (errorMessage !== undefined) throw new Error(`${name}: ${errorMessage}`)
  }
  return {
    resolve: (type, name, standard, context) =>
      storage.getFlag(name) === undefined
        ? { value: standard, reason: 'DEFAULT' }
        : core.resolve(type, name, standard, context, QUIET),
  }
}

export const emptyFlagSet = (): FlagSet => parseFlagSet(EMPTY)
