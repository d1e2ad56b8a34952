/** Keeps equal values once: children of one kind are owned in the same fields, and there may be thousands of them. */
import { Recent } from './recent.ts'

/** How many different values are remembered. */
const MOST = 1_024
/** Longer ones are not worth their key. */
const MOST_CHARACTERS = 16_384

export class Shared<Value extends object> {
  readonly #values = new Recent<string, Value>(MOST)

  /** @returns the value, or one that is equal and was given before; it must not be changed. */
  one(value: Value): Value {
    const text = JSON.stringify(value)
    if (text.length > MOST_CHARACTERS) return value
    const known = this.#values.get(text)
    if (known === undefined) this.#values.set(text, value)
    return known ?? value
  }
}
