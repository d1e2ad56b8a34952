/**
 * What a probe pod is asked to try, and what it says became of it: the operator renders the one and reads the other, as
 * untrusted; the worker's image has the program between the two.
 */

/** `open`: a connection must come about. `shut`: none may. */
export type Expectation = 'open' | 'shut'

export interface Attempt {
  readonly host: string
  readonly port: number
  readonly expect: Expectation
}

/** `shut`: refused, or no answer. `unresolved`: the name led to no address, so nothing was tried. */
export type Fate = 'open' | 'shut' | 'unresolved'

/** More are not asked for, whatever there is to probe. */
export const MOST_ATTEMPTS = 64

/** The one argument of the program. */
export function renderAttempts(attempts: readonly Attempt[]): string {
  return JSON.stringify(attempts.map(({ host, port, expect }) => [host, port, expect]))
}

/** @throws Error when it is not what `renderAttempts` gives. */
export function parseAttempts(text: string): readonly Attempt[] {
  const list = JSON.parse(text) as unknown
  if (!Array.isArray(list) || list.length > MOST_ATTEMPTS) throw new Error('not a list of attempts')
  return list.map((entry: unknown) => {
    const [host, port, expect] = Array.isArray(entry) ? (entry as unknown[]) : []
    if (typeof host !== 'string' || typeof port !== 'number' || (expect !== 'open' && expect !== 'shut'))
      throw new Error('not an attempt')
    return { host, port, expect }
  })
}

const LETTERS = { o: 'open', s: 'shut', u: 'unresolved' } as const
const REPORT = new RegExp(`^\\{"probe":"([osu]{1,${MOST_ATTEMPTS}})"\\}$`)

/** The termination message: one letter for each attempt, in their order. */
export function renderFates(fates: readonly Fate[]): string {
  return JSON.stringify({ probe: fates.map((fate) => fate.charAt(0)).join('') })
}

/** @returns `undefined` for anything that is not a report, whatever it is. */
export function parseFates(text: string): readonly Fate[] | undefined {
  const letters = REPORT.exec(text)?.[1]
  return letters === undefined
    ? undefined
    : Array.from(letters, (one) => LETTERS[one as keyof typeof LETTERS])
}
