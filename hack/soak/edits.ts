/** What people and programs do to objects all day long. */
import type { Plane } from '../bench/operator/plane.ts'
import type { Random } from './random.ts'
import { pathOf } from '../../operator/src/runtime/object.ts'
import { BENCH, benchOf, CHILD_KINDS } from '../bench/operator/fixture.ts'
import { edit, healed, remove } from '../bench/operator/harm.ts'
import { NAMESPACE } from '../bench/operator/plane.ts'

const CHILD_EDITS = 20

export class Editor {
  readonly #plane: Plane
  readonly #random: Random
  readonly #names: string[] = []
  #created = 0

  constructor(plane: Plane, random: Random) {
    this.#plane = plane
    this.#random = random
  }

  async create(): Promise<void> {
    // Never the same name twice: nothing collects the children of an owner that is gone.
    const name = `soak-${this.#created}`
    this.#created += 1
    const body = benchOf(NAMESPACE, name)
    await this.#plane.client.request({ method: 'POST', path: pathOf(BENCH, NAMESPACE), body })
    this.#names.push(name)
  }

  /** One random edit; most are of children. @throws Error when the server does not answer. */
  async once(): Promise<void> {
    const name = this.#random.pick(this.#names)
    const kind = this.#random.pick(CHILD_KINDS)
    if (name === undefined || !kind) return
    const choice = Math.floor(this.#random.between(0, CHILD_EDITS + 1))
    if (choice === CHILD_EDITS) await this.#replace(name)
    else await (choice % 2 === 0 ? remove : edit)(this.#plane, kind, name)
  }

  /** @throws Error when the operator does not see a change of each kind: being as desired may be luck. */
  async provesSight(patienceMs: number): Promise<void> {
    const [name = '', other = ''] = this.#names
    const heals = CHILD_KINDS.map((kind) => healed(this.#plane, kind, name, remove, patienceMs))
    await Promise.all([...heals, this.#replace(other)])
  }

  /** Deletes the children that an owner left behind, as the garbage collector would. */
  async sweep(): Promise<void> {
    const owners = new Set(this.#plane.observer.benches().map(({ metadata }) => metadata.name))
    for (const kind of CHILD_KINDS)
      for (const { metadata } of this.#plane.observer.all(kind.kind))
        if (!owners.has(metadata.name)) await remove(this.#plane, kind, metadata.name)
  }

  async #replace(name: string): Promise<void> {
    await this.#plane.client.request({ method: 'DELETE', path: pathOf(BENCH, NAMESPACE, name) })
    this.#names.splice(this.#names.indexOf(name), 1)
    await this.create()
  }
}
