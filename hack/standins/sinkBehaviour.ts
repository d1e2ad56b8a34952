/** How the SMTP sink treats addresses: rules that make it refuse, wait or hang up. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The first rule whose `address` fits and whose `at` is reached applies. */
export interface SinkRule {
  /** A whole address, or `*@domain`, or `*`. */
  readonly address: string
  /** `greeting` and `ehlo` are of no address: `*` fits. */
  readonly at: 'greeting' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data'
  /** Reply code; without one the rule only delays or drops. */
  readonly code?: number
  readonly message?: string
  /** How often it applies per address; without it, for ever. */
  readonly times?: number
  readonly delayMs?: number
  /** At `data`: take the mail, then hang up instead of answering. */
  readonly drop?: boolean
}

/** @throws Error when the text is not `{"rules": […]}`. */
export function parseRules(text: string): readonly SinkRule[] {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('rules' in value) || !Array.isArray(value.rules)) {
    throw new Error('rules are missing')
  }
  return value.rules as SinkRule[]
}

/** The rules in force and how often each was applied. */
export class SinkBehaviour {
  #rules: readonly SinkRule[] = []
  readonly #applied = new Map<string, number>()

  replace(rules: readonly SinkRule[]): void {
    this.#rules = rules
    this.#applied.clear()
  }

  /** @throws Error with `responseCode` when a rule refuses. */
  async at(stage: SinkRule['at'], addresses: readonly string[]): Promise<void> {
    if (this.#rules.length === 0) return
    for (const address of addresses) {
      const rule = this.#rules.find((each) => each.at === stage && !each.drop && this.#applies(each, address))
      if (rule === undefined) continue
      if (rule.delayMs !== undefined) await sleep(rule.delayMs)
      if (rule.code === undefined) continue
      throw Object.assign(new Error(rule.message ?? 'refused by rule'), { responseCode: rule.code })
    }
  }

  drops(addresses: readonly string[]): boolean {
    return addresses.some((address) =>
      this.#rules.some((rule) => rule.drop === true && this.#applies(rule, address)),
    )
  }

  #applies(rule: SinkRule, address: string): boolean {
    const fits =
      rule.address === '*' ||
      rule.address === address ||
      (rule.address.startsWith('*@') && address.endsWith(rule.address.slice(1)))
    if (!fits || rule.times === undefined) return fits
    const key = `${this.#rules.indexOf(rule)} ${address}`
    const applied = this.#applied.get(key) ?? 0
    this.#applied.set(key, applied + 1)
    return applied < rule.times
  }
}
