/**
 * Remembers since when nodes are not as they should be; what is well again is forgotten. One that does not answer is
 * neither: it may be as it was before, and go on straying when it answers again.
 */

export interface Remark {
  readonly name: string
  readonly isAstray: boolean
  /** It answered. */
  readonly isSeen: boolean
}

export class Astray {
  readonly #since = new Map<string, ReadonlyMap<string, Date>>()

  /** @param of whom the nodes are; @returns instants by name of a node that strays now */
  note(of: string, remarks: readonly Remark[], now: Date): ReadonlyMap<string, Date> {
    const before = this.#since.get(of)
    const kept = remarks.flatMap(({ name, isAstray, isSeen }) => {
      const since = before?.get(name) ?? (isAstray ? now : undefined)
      return since && (isAstray || !isSeen) ? [[name, since] as const] : []
    })
    if (kept.length === 0) this.#since.delete(of)
    else this.#since.set(of, new Map(kept))
    const astray = new Set(remarks.flatMap(({ name, isAstray }) => (isAstray ? [name] : [])))
    return new Map(kept.filter(([name]) => astray.has(name)))
  }
}
