/** The Secrets that the spec names: there, with the keys they need. */
import type { Verdict } from './component.ts'
import type { ReferenceFacts } from './snapshot.ts'
import { component } from './component.ts'
import { references } from './connections/index.ts'
import { originFigures } from './connections/named.ts'

/** How soon a missing Secret is looked for again: whoever syncs it will not tell us. */
const LOOK_AGAIN_MS = 5_000

/**
 * How soon a change of one that is there must be noticed, together with how long what was read is believed: what becomes
 * of it has to be told within a minute.
 */
const RECHECK_MS = 30_000

interface Observed {
  readonly unreadable: readonly string[]
  readonly missing: readonly string[]
  readonly incomplete: readonly string[]
}

export const dependencies = component<'DependenciesReachable', Observed>({
  name: 'dependencies',
  conditionType: 'DependenciesReachable',
  owns: [],
  prunes: [],

  desired: () => [],

  figures: originFigures,

  observe({ sender, references: facts }) {
    const lacks = references(sender.spec).flatMap((wish) => lackOf(wish, facts.get(wish.secret)) ?? [])
    const of = (kind: Lack['kind']) => lacks.filter((lack) => lack.kind === kind).map(({ text }) => text)
    return { unreadable: of('unreadable'), missing: of('missing'), incomplete: of('incomplete') }
  },

  condition({ unreadable: [unreadable], missing, incomplete }): Verdict<'DependenciesReachable'> {
    if (unreadable !== undefined)
      return {
        status: 'False',
        reason: 'SecretUnreadable',
        message: `Secret cannot be read: ${unreadable}`,
        lookAgainMs: LOOK_AGAIN_MS,
      }
    if (missing.length > 0)
      return {
        status: 'False',
        reason: 'SecretNotFound',
        message: `Secret not found: ${missing.join('; ')}`,
        lookAgainMs: LOOK_AGAIN_MS,
      }
    if (incomplete.length > 0)
      return {
        status: 'False',
        reason: 'SecretKeyNotFound',
        message: `Secret ${incomplete.join('; ')}`,
        lookAgainMs: LOOK_AGAIN_MS,
      }
    return {
      status: 'True',
      reason: 'Resolved',
      message: 'every Secret that the spec names is there',
      lookAgainMs: RECHECK_MS,
    }
  },
})

interface Lack {
  readonly kind: keyof Observed
  readonly text: string
}

/** What is wrong with one Secret that the spec names. */
function lackOf(
  { secret, path, required }: ReturnType<typeof references>[number],
  facts: ReferenceFacts | undefined,
): Lack | undefined {
  if (facts?.found !== true) {
    if (facts?.fault !== undefined) return { kind: 'unreadable', text: `${secret} (${path}): ${facts.fault}` }
    const keys = required.length > 0 ? `, keys ${required.join(', ')}` : ''
    return { kind: 'missing', text: `${secret} (${path}${keys})` }
  }
  const lacking = required.filter((key) => !facts.keys.includes(key))
  if (lacking.length > 0)
    return { kind: 'incomplete', text: `${secret} lacks ${lacking.join(', ')} (${path})` }
  if (required.length > 0 || facts.keys.length > 0) return undefined
  return { kind: 'incomplete', text: `${secret} has no key at all (${path})` }
}
