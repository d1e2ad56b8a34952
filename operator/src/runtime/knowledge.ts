/** What is known of a kind as a whole: nothing yet, all that there is, or that the server does not know it. */
export class Knowledge {
  readonly #synced = Promise.withResolvers<undefined>()
  readonly #onServed: ((served: boolean) => void) | undefined
  #isServed: boolean | undefined

  /** @param onServed told when it is known, and each time it turns. */
  constructor(onServed: ((served: boolean) => void) | undefined) {
    this.#onServed = onServed
  }

  /** Resolves when something is known. */
  get synced(): Promise<undefined> {
    return this.#synced.promise
  }

  get isSynced(): boolean {
    return this.#isServed !== undefined
  }

  /** Until the server says otherwise. */
  get isServed(): boolean {
    return this.#isServed !== false
  }

  /** Of a kind that is served, what there is is known. */
  note(isServed: boolean): void {
    const isNews = this.#isServed !== isServed
    this.#isServed = isServed
    this.#synced.resolve(undefined)
    if (isNews) this.#onServed?.(isServed)
  }
}
