/** The secrets that webhooks are signed with, as a mounted folder: one file each, read again as they change. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mounted } from '../runtime/mounted.ts'
import { parseWebhookSecret } from './standardWebhook.ts'

export interface WebhookSecrets {
  keys(): readonly Buffer[]
  close(): void
}

/** @param onError told once of what cannot be read; the others are in force, or else those that were read last. */
export async function openWebhookSecrets(
  folder: string,
  onError: (error: unknown) => void,
): Promise<WebhookSecrets> {
  const secrets = await mounted<readonly Buffer[]>({
    read: async (last = [], tell) => {
      const { keys, faults } = await readSecrets(folder)
      if (faults > 0) tell(new Error(`${faults} of the webhook secrets are not whsec_ and base64`))
      return keys.length > 0 ? keys : last
    },
    initial: [],
    onError,
  })
  return { keys: secrets.current, close: secrets.close }
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
