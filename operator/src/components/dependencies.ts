/** The Secrets that the spec names: there, with the keys they need. */
import type { Verdict } from './component.ts'
import { component } from './component.ts'
import { references } from './parts/references.ts'

/** How soon a missing Secret is looked for again: whoever syncs it will not tell us. */
const LOOK_AGAIN_MS = 5_000

/** How soon a change of one that is there must be noticed. */
const RECHECK_MS = 60_000

interface Observed {
  readonly missing: readonly string[]
  readonly incomplete: readonly string[]
}

export const dependencies = component<'DependenciesReachable', Observed>({
  name: 'dependencies',
  conditionType: 'DependenciesReachable',
  owns: [],
  prunes: [],

  desired: () => [],

  observe(snapshot) {
    const missing: string[] = []
    const incomplete: string[] = []
    for (const { secret, path, required } of references(snapshot.sender.spec)) {
      const facts = snapshot.references.get(secret)
      if (!facts?.found) {
        missing.push(`${secret} (${path}${required.length > 0 ? `, keys ${required.join(', ')}` : ''})`)
        continue
      }
      const lacking = required.filter((key) => !facts.keys.includes(key))
      if (lacking.length > 0) incomplete.push(`${secret} lacks ${lacking.join(', ')} (${path})`)
      if (required.length === 0 && facts.keys.length === 0)
        incomplete.push(`${secret} has no key at all (${path})`)
    }
    return { missing, incomplete }
  },

  condition({ missing, incomplete }): Verdict<'DependenciesReachable'> {
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
