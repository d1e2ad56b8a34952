/** A set of flags as a file of a mounted ConfigMap, read again as it changes. */
import { readFile } from 'node:fs/promises'
import type { FlagSource, FlagWatch } from './source.ts'
import { mounted } from '../runtime/mounted.ts'
import { flagdProvider } from './flagdProvider.ts'
import { emptyFlagSet, parseFlagSet } from './flagSet.ts'

/** The last good set stays in force over one that is broken; without a file there is none. */
export async function openFlagFile(file: string, { onChange, onState }: FlagWatch): Promise<FlagSource> {
  let seen: string | undefined
  const flags = await mounted({
    read: async (last = emptyFlagSet()) => {
      const text = await readIfThere(file)
      if (text === seen) return last
      const set = text === undefined ? emptyFlagSet() : parseFlagSet(text)
      seen = text
      return set
    },
    initial: emptyFlagSet(),
    onChange,
    onError: onState,
    onRecovered: () => {
      onState(undefined)
    },
  })
  return { provider: flagdProvider(flags.current), close: flags.close }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
