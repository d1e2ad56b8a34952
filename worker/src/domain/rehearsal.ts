/** What a batch's texts would become for a recipient, without making them: which names lack a value, and how much the values add. */
import type { Block, Scope, Template } from './template.ts'
import type { Scalar, Value, Variables } from './variables.ts'
import { lookup, shownOf } from './template.ts'
import { isList } from './variables.ts'

export interface Rehearsal {
  /** Names of values that would leave a hole. */
  readonly missing: ReadonlySet<string>
  /** Names of lists that stand where a value is asked for. */
  readonly lists: ReadonlySet<string>
  /** Names of values that stand where a list is asked for. */
  readonly values: ReadonlySet<string>
  /** Characters of the whole, before any escapes. */
  readonly characters: number
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

  spend(): void {
    this.#left -= 1
  }
}

/** @param effort when it is spent, the rest is not looked at */
export function rehearse(template: Template, variables: Variables, effort: Effort): Rehearsal {
  const missing = new Set<string>()
  const lists = new Set<string>()
  const values = new Set<string>()
  let characters = 0
  const walk = (nodes: Template, scope: Scope): void => {
    for (const node of nodes) {
      if (effort.isSpent) return
      effort.spend()
      if (node.kind === 'text') characters += node.text.length
      else if (node.kind !== 'value') walkBlock(node, scope)
      else {
        const value = lookup(scope, node.name)
        if (value === undefined) missing.add(node.name)
        else if (isList(value)) lists.add(node.name)
        else characters += lengthOf(value)
      }
    }
  }
  const walkBlock = (node: Block, scope: Scope): void => {
    if (node.kind === 'each' && isValue(lookup(scope, node.name))) values.add(node.name)
    for (const [inner, within] of shownOf(node, scope)) {
      // Each round costs, also of what shows nothing.
      if (effort.isSpent) return
      effort.spend()
      walk(inner, within)
    }
  }
  walk(template, [variables])
  return { missing, lists, values, characters }
}

const isValue = (value: Value | undefined): boolean => value !== undefined && !isList(value)

const lengthOf = (value: Scalar): number => (typeof value === 'string' ? value.length : String(value).length)

/** Names that decide what is shown: whoever lacks one gets the rest. */
export function blockNames(template: Template): ReadonlySet<string> {
  const names = new Set<string>()
  const walk = (nodes: Template): void => {
    for (const node of nodes) {
      if (node.kind === 'text' || node.kind === 'value') continue
      names.add(node.name)
      walk(node.nodes)
      walk(node.otherwise)
    }
  }
  walk(template)
  return names
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
