/**
 * What a batch's texts would become for a recipient, without making them: which names lack a value, and how much the values
 * add. Texts are looked at once; of each recipient only what they ask for is.
 */
import type { Scope, Template } from './template.ts'
import type { Scalar, Value } from './variables.ts'
import { lookup, shownOf } from './template.ts'
import { isList } from './variables.ts'

/** What a text, or a part of it that is shown or not, asks for. */
export interface Demand {
  /** Of what is always the same. */
  readonly characters: number
  /** How often each value stands in it. */
  readonly values: ReadonlyMap<string, number>
  readonly blocks: readonly {
    readonly kind: 'if' | 'each'
    readonly name: string
    readonly nodes: Demand
    readonly otherwise: Demand
  }[]
}

export function demandOf(template: Template): Demand {
  const values = new Map<string, number>()
  const blocks: Demand['blocks'][number][] = []
  let characters = 0
  for (const node of template) {
    if (node.kind === 'text') characters += node.text.length
    else if (node.kind === 'value') values.set(node.name, (values.get(node.name) ?? 0) + 1)
    else {
      const { kind, name } = node
      blocks.push({ kind, name, nodes: demandOf(node.nodes), otherwise: demandOf(node.otherwise) })
    }
  }
  return { characters, values, blocks }
}

/** How many places may be looked at for one request, for all of its recipients together. */
export class Effort {
  #left: number

  constructor(places: number) {
    this.#left = places
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  spend(places: number): void {
    this.#left -= places
  }
}

/** What was found of one recipient. */
export class Rehearsal {
  /** Names of values that would leave a hole. */
  readonly missing = new Set<string>()
  /** Names of lists that stand where a value is asked for. */
  readonly lists = new Set<string>()
  /** Names of values that stand where a list is asked for. */
  readonly values = new Set<string>()
  /** Of all texts that were rehearsed, before any escapes. */
  characters = 0
  readonly #effort: Effort

  /** @param effort when it is spent, the rest is not looked at */
  constructor(effort: Effort) {
    this.#effort = effort
  }

  /** @returns the characters of this text. */
  add(demand: Demand, scope: Scope): number {
    const before = this.characters
    this.#walk(demand, scope)
    return this.characters - before
  }

  #walk({ characters, values, blocks }: Demand, scope: Scope): void {
    if (this.#effort.isSpent) return
    this.#effort.spend(1 + values.size)
    this.characters += characters
    for (const [name, times] of values) this.characters += times * this.#lengthOf(name, lookup(scope, name))
    for (const block of blocks) {
      if (block.kind === 'each') this.#wantsList(block.name, lookup(scope, block.name))
      for (const [inner, within] of shownOf(block, scope)) this.#walk(inner, within)
    }
  }

  #lengthOf(name: string, value: Value | undefined): number {
    if (value === undefined) this.missing.add(name)
    else if (isList(value)) this.lists.add(name)
    else return lengthOf(value)
    return 0
  }

  #wantsList(name: string, value: Value | undefined): void {
    if (value !== undefined && !isList(value)) this.values.add(name)
  }
}

const lengthOf = (value: Scalar): number => (typeof value === 'string' ? value.length : String(value).length)

/** Names that decide what is shown: whoever lacks one gets the rest. */
export function blockNames({ blocks }: Demand): readonly string[] {
  const names = blocks.flatMap(({ name, nodes, otherwise }) => [
    name,
    ...blockNames(nodes),
    ...blockNames(otherwise),
  ])
  return [...new Set(names)]
}

/** Names of values, and of lists, whose items are values: what the text may become is made of these. */
export function shownNames(template: Template): ReadonlySet<string> {
  return new Set(
    template.flatMap((node): readonly string[] => {
      if (node.kind === 'text') return []
      if (node.kind === 'value') return [node.name]
      const inner = [...shownNames(node.nodes), ...shownNames(node.otherwise)]
      return node.kind === 'each' ? [node.name, ...inner] : inner
    }),
  )
}
