/** API tokens as a mounted Secret: one file for each user, with the hash of the user's token and its scopes; changes are followed. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scopes } from './scopes.ts'
import type { TokenFile } from './tokenFile.ts'
import { mounted } from '../runtime/mounted.ts'
import { parseTokenFile } from './tokenFile.ts'

export interface Tokens {
  /** Takes as long for a wrong token as for a right one. */
  userOf(token: string): User | undefined
  close(): void
}

export interface User {
  readonly id: string
  readonly scopes: Scopes
}

type Known = User & TokenFile

interface Read {
  readonly tokens: readonly Known[]
  /** Users whose files are no tokens. */
  readonly faults: readonly string[]
}

export interface TokensOptions {
  readonly folder: string
  /** Told once of a folder that cannot be read; the tokens read last stay in force. */
  readonly onError: (error: unknown) => void
  /** Told, whenever it changes, of whose files are no tokens. */
  readonly onFaults: (users: readonly string[]) => void
}

export async function openTokens({ folder, onError, onFaults }: TokensOptions): Promise<Tokens> {
  let told = ''
  const read = await mounted<Read>({
    read: () => readTokens(folder),
    initial: { tokens: [], faults: [] },
    onError,
    onChange: ({ faults }) => {
      if (faults.join() !== told) onFaults(faults)
      told = faults.join()
    },
  })
  return {
    userOf: (token) => {
      const hash = createHash('sha256').update(token).digest()
      let user: User | undefined
      for (const each of read.current().tokens) if (timingSafeEqual(each.hash, hash)) user = each
      return user
    },
    close: read.close,
  }
}

/** Kubernetes keeps its own names in the folder, all of which begin with a dot. */
async function readTokens(folder: string): Promise<Read> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  const files = await Promise.all(
    names.map(async (name) => ({ name, file: parseTokenFile(await readFile(join(folder, name), 'utf8')) })),
  )
  return {
    tokens: files.flatMap(({ name, file }) => (file === undefined ? [] : [{ id: name, ...file }])),
    faults: files.flatMap(({ name, file }) => (file === undefined ? [name] : [])),
  }
}
