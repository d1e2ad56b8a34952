/** The links to unsubscribe by, where there are any. */
import type { Part } from '../runtime/parts.ts'
import type { UnsubscribeLinks } from '../unsubscribe.ts'
import type { Context } from './context.ts'
import { openUnsubscribeLinks } from '../unsubscribe.ts'

/** @throws Error when only one of the two settings is there, or no key can be read. */
export function openUnsubscribing({
  settings: { unsubscribeBaseUrl: baseUrl, unsubscribeKeyFile: keyFile },
  log,
}: Context): Promise<UnsubscribeLinks & Part> | undefined {
  if (baseUrl === undefined && keyFile === undefined) return undefined
  if (baseUrl === undefined || keyFile === undefined)
    throw new Error('UNSUBSCRIBE_BASE_URL and UNSUBSCRIBE_KEY_FILE need each other')
  return openUnsubscribeLinks({
    baseUrl,
    keyFile,
    onError: (error) => {
      log.error({ err: error }, 'the key to unsubscribe by cannot be read')
    },
  })
}
