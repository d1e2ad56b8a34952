/** So many bytes for all at once, and of them so many for one client. */

export interface Reservation {
  /** @returns false, and takes nothing, when there are not so many. */
  grow(bytes: number): boolean
  /** Gives back all of it; once more changes nothing. */
  release(): void
}

export class ByteBudget {
  readonly totalBytes: number
  readonly #perClientBytes: number
  readonly #clients = new Map<string, number>()
  #taken = 0

  constructor(totalBytes: number, perClientBytes = totalBytes) {
    this.totalBytes = totalBytes
    this.#perClientBytes = perClientBytes
  }

  get takenBytes(): number {
    return this.#taken
  }

  /** @param client whose share it counts for */
  reserve(client: string): Reservation {
    let own = 0
    return {
      grow: (bytes) => {
        const ofClient = (this.#clients.get(client) ?? 0) + bytes
        if (this.#taken + bytes > this.totalBytes || ofClient > this.#perClientBytes) return false
        this.#taken += bytes
        this.#clients.set(client, ofClient)
        own += bytes
        return true
      },
      release: () => {
        const left = (this.#clients.get(client) ?? 0) - own
        if (left > 0) this.#clients.set(client, left)
        else this.#clients.delete(client)
        this.#taken -= own
        own = 0
      },
    }
  }
}
