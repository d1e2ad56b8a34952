/** The parts of a program: opened one after the other, ended all at once, closed in reverse. */

export interface Part {
  /** Resolves when told to stop, after what was under way. */
  readonly finished?: Promise<unknown>
  close?(): void | Promise<void>
}

export class Parts {
  readonly #stopping = new AbortController()
  readonly #open: Part[] = []
  #closed: Promise<void> | undefined

  /** Aborted when the parts are told to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /**
   * What is opened now is closed before all that was opened earlier.
   * @throws what `opener` did, after those that were open have been closed
   */
  async open<Opened extends Part | undefined>(opener: () => Opened | Promise<Opened>): Promise<Opened> {
    try {
      const part = await opener()
      if (part) this.#open.push(part)
      return part
    } catch (error) {
      // What is told is why it could not be opened.
      await this.close().catch(() => undefined)
      throw error
    }
  }

  /**
   * Tells all to stop, waits until every one has finished, and only then closes each, the last one first.
   * @throws the first error, after everything else has been closed
   */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    this.#stopping.abort()
    const errors: unknown[] = []
    const noted = (error: unknown) => {
      errors.push(error)
    }
    await Promise.all(this.#open.flatMap(({ finished }) => finished?.catch(noted) ?? []))
    for (const part of this.#open.toReversed()) {
      try {
        await part.close?.()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
