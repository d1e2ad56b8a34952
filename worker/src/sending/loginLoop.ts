/** Shows the provider our credentials at the start and now and then, so that it is known what it says of them without a mail. */
import type { Provider } from './ports.ts'
import { repeat } from '../runtime/repeat.ts'

const EVERY_MS = 300_000
/** While they are refused, or nothing was said. */
const AGAIN_MS = 30_000

/** Resolves when told to stop. */
export function loginLoop(
  provider: Pick<Provider, 'login' | 'tryLogin'>,
  stopping: AbortSignal,
): Promise<void> {
  if (!provider.tryLogin) return Promise.resolve()
  return repeat({
    everyMs: () => (provider.login().credentials === 'accepted' ? EVERY_MS : AGAIN_MS),
    jitter: [0.75, 1],
    work: async () => provider.tryLogin?.(),
    // It tells what it saw by itself, and never throws.
    onError: () => undefined,
    stopping,
    ref: false,
  }).finished
}
