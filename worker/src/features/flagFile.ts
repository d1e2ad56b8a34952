/** A set of flags as a file of a mounted ConfigMap, read again as it changes. */
import { readFile } from 'node:fs/promises'
import type { FlagSource, FlagWatch } from './source.ts'
import { flagdProvider } from './flagdProvider.ts'
import { emptyFlagSet, parseFlagSet } from './flagSet.ts'

/** What a ConfigMap is mounted as is exchanged by a symbolic link, of which `fs.watch` on the file sees nothing. */
const REREAD_MS = 2_000

/** The last good set stays in force over one that is broken; without a file there is none. */
export async function openFlagFile(file: string, { onChange, onState }: FlagWatch): Promise<FlagSource> {
  let inForce = emptyFlagSet()
  let seen: string | undefined
  let turn: Promise<void> | undefined
  const reread = async () => {
    try {
      const text = await readIfThere(file)
      if (text !== seen) {
        inForce = text === undefined ? emptyFlagSet() : parseFlagSet(text)
        seen = text
        onChange()
      }
      onState(undefined)
    } catch (error) {
      onState(error)
    }
  }
  await reread()
  const timer = setInterval(() => {
    turn ??= reread().finally(() => {
      turn = undefined
    })
  }, REREAD_MS)
  timer.unref()
  return {
    provider: flagdProvider(() => inForce),
    close: () => {
      clearInterval(timer)
    },
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
