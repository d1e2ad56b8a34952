/** One piece of work after the other for each key, so that two events of one object do not run side by side. */
export class InTurn {
  readonly #ends = new Map<string, Promise<void>>()

  add(key: string, work: () => Promise<void>): void {
    const end = (this.#ends.get(key) ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => {
        console.error(key, error instanceof Error ? error.message : error)
      })
      .finally(() => {
        if (this.#ends.get(key) === end) this.#ends.delete(key)
      })
    this.#ends.set(key, end)
  }
}
