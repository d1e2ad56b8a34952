/** API tokens as a mounted Secret: one file for each user, with the hash of the user's token; changes are followed. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Tokens {
  /** @returns the user's id, or undefined. Takes as long for a wrong token as for a right one. */
  userOf(token: string): string | undefined
  close(): void
}

interface Known {
  readonly userId: string
  readonly hash: Buffer
}

const CONTENT = /^sha256:([0-9a-f]{64})\s*$/i
const REREAD_MS = 2_000

/** @param onError told of a folder that cannot be read; the tokens read last stay in force. */
export async function openTokens(folder: string, onError: (error: unknown) => void): Promise<Tokens> {
  let known: readonly Known[] = []
  const reread = async () => {
    try {
      known = await readTokens(folder)
    } catch (error) {
      onError(error)
    }
  }
  await reread()
  const timer = setInterval(() => void reread(), REREAD_MS)
  timer.unref()
  return {
    userOf: (token) => {
      const hash = createHash('sha256').update(token).digest()
      let userId: string | undefined
      for (const each of known) if (timingSafeEqual(each.hash, hash)) userId = each.userId
      return userId
    },
    close: () => {
      clearInterval(timer)
    },
  }
}

/** Kubernetes keeps its own names in the folder, all of which begin with a dot. */
async function readTokens(folder: string): Promise<readonly Known[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'))
  const files = await Promise.all(
    names.map(async (name) => ({ name, content: await readFile(join(folder, name), 'utf8') })),
  )
  return files.flatMap(({ name, content }) => {
    const hash = CONTENT.exec(content)?.[1]
    return hash === undefined ? [] : [{ userId: name, hash: Buffer.from(hash, 'hex') }]
  })
}
