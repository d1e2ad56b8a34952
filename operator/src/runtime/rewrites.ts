/**
 * Remembers what the server made of a wish where its answer is not what was asked for: admission has set another value.
 * Asking again at once would end the same way, so it is settled, told once and asked ever more rarely.
 */
import type { Difference } from './differences.ts'
import type { KubernetesObject } from './object.ts'
import { digestOf } from './settled.ts'
import { differences } from './differences.ts'
import { Recent } from './recent.ts'

const FIRST_PAUSE_MS = 60_000
const LONGEST_PAUSE_MS = 3_600_000
const MOST_REMEMBERED = 10_000

/** What admission made of a wish. */
export interface Rewrite {
  readonly differences: readonly Difference[]
  /** Never told before. */
  readonly isNew: boolean
  /** When it is worth asking again; milliseconds from now. */
  readonly againMs: number
}

interface Remembered {
  readonly wish: string
  readonly answer: string
  readonly tries: number
  readonly dueAt: number
}

export class Rewrites {
  readonly #now: () => number
  readonly #remembered = new Recent<string, Remembered>(MOST_REMEMBERED)

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now
  }

  /** @returns what stands, as long as the live object is still what the same wish was answered with. */
  standing(live: KubernetesObject, desired: KubernetesObject): Rewrite | undefined {
    const last = this.#remembered.get(live.metadata.uid ?? '')
    if (last?.wish !== digestOf(desired)) return undefined
    const found = differences(live, desired)
    const againMs = last.dueAt - this.#now()
    if (againMs <= 0 || last.answer !== digestOf(found)) return undefined
    return { differences: found, isNew: false, againMs }
  }

  /** The answer to a write that was not what was asked for. */
  add(answer: KubernetesObject, desired: KubernetesObject): Rewrite {
    const uid = answer.metadata.uid ?? ''
    const found = differences(answer, desired)
    const next = { wish: digestOf(desired), answer: digestOf(found) }
    const last = this.#remembered.get(uid)
    const isSame = last?.wish === next.wish && last.answer === next.answer
    const tries = isSame ? last.tries + 1 : 1
    const againMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS)
    this.#remembered.set(uid, { ...next, tries, dueAt: this.#now() + againMs })
    return { differences: found, isNew: !isSame, againMs }
  }

  forget(uid: string): void {
    this.#remembered.delete(uid)
  }
}
