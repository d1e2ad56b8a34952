/** Tells of wake-ups that the queue does not take: every one is counted, each change of the reason is logged. */
import type { Published } from './sweep.ts'

export interface RefusedNews {
  readonly onRefused: (count: number) => void
  /** Told once for each reason in a row. */
  readonly onRefusing: (words: string, error: unknown) => void
  readonly onTaking: () => void
}

export function refusedWakeups(news: RefusedNews): (published: Published) => void {
  let told: string | undefined
  return ({ refused, error }) => {
    if (refused.length > 0) news.onRefused(refused.length)
    const words = refused.length > 0 ? refusalWords(error) : undefined
    if (words === told) return
    told = words
    if (words === undefined) news.onTaking()
    else news.onRefusing(words, error)
  }
}

/** The server answers 503 both ways; only the stream itself says an error of its own in words. */
function refusalWords(error: unknown): string {
  const { code, api_error: own } = error as { readonly code?: unknown; readonly api_error?: unknown }
  if (typeof own === 'object' && own !== null && 'description' in own) {
    return `the stream refuses wake-ups: ${String(own.description)}`
  }
  if (code === '503') return 'no stream takes wake-ups'
  return 'the queue does not answer wake-ups'
}
