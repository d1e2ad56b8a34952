/** The secrets that webhooks are signed with, as a mounted folder: one file each, read again as they change. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseWebhookSecret } from './standardWebhook.ts'

export interface WebhookSecrets {
  keys(): readonly Buffer[]
  close(): void
}

const REREAD_MS = 2_000

/** @param onError told once of what cannot be read; the others are in force, or else those that were read last. */
export async function openWebhookSecrets(
  folder: string,
  onError: (error: unknown) => void,
): Promise<WebhookSecrets> {
  let known: readonly Buffer[] = []
  let told = ''
  const reread = async () => {
    try {
      const { keys, faults } = await readSecrets(folder)
      if (keys.length > 0) known = keys
      if (faults > 0) throw new Error(`${faults} of the webhook secrets are not whsec_ and base64`)
      told = ''
    } catch (error) {
      const words = String(error)
      if (words !== told) onError(error)
      told = words
    }
  }
  await reread()
  const timer = setInterval(() => void reread(), REREAD_MS)
  timer.unref()
  return {
    keys: () => known,
    close: () => {
      clearInterval(timer)
    },
  }
}

/** Kubernetes keeps its own names in the folder, all of which begin with a dot. */
async function readSecrets(
  folder: string,
): Promise<{ readonly keys: readonly Buffer[]; readonly faults: number }> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'))
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  const keys = texts.flatMap((text) => parseWebhookSecret(text) ?? [])
  return { keys, faults: names.length - keys.length }
}
