/** What was used last, by name: of more than are remembered, the one used longest ago is forgotten. */

export class Recent<Value> {
  readonly #most: number
  /** The one used longest ago comes first. */
  readonly #kept = new Map<string, Value>()

  constructor(most: number) {
    this.#most = most
  }

  /** Without being used. */
  peek(name: string): Value | undefined {
    return this.#kept.get(name)
  }

  use(name: string, make: () => Value): Value {
    const value = this.#kept.get(name) ?? make()
    this.#kept.delete(name)
    this.#kept.set(name, value)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#most && oldest !== undefined) this.#kept.delete(oldest)
    return value
  }

  forget(name: string): void {
    this.#kept.delete(name)
  }
}
