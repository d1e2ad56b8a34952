/** A text as it is filled in, and what is seen from each place of it. */
import type { Scalar, Value, Variables } from './variables.ts'
import { isList } from './variables.ts'

/** The variable that is filled in for every recipient where unsubscribing is set up. */
export const UNSUBSCRIBE_URL = 'unsubscribeUrl'

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: string }
  | {
      /** Shown where the value is there and not empty, 0 or false; or once for each item of a list. */
      readonly kind: 'if' | 'each'
      readonly name: string
      readonly nodes: Template
      readonly otherwise: Template
    }

export type Block = Exclude<TemplateNode, { kind: 'text' | 'value' }>

export type Template = readonly TemplateNode[]

/** From the outermost to the innermost: the variables, then the items of lists. */
export type Scope = readonly (Variables | Scalar)[]

/** What is shown of a block, and with which values. */
export function shownOf<Nodes>(
  {
    kind,
    name,
    nodes,
    otherwise,
  }: Pick<Block, 'kind' | 'name'> & {
    readonly nodes: Nodes
    readonly otherwise: Nodes
  },
  scope: Scope,
): readonly (readonly [Nodes, Scope])[] {
  const value = lookup(scope, name)
  const isThere = isList(value) ? value.length > 0 : Boolean(value)
  if (!isThere) return [[otherwise, scope]]
  if (kind === 'if' || !isList(value)) return [[nodes, scope]]
  return value.map((item) => [nodes, [...scope, item]] as const)
}

/** Of the innermost that has it. */
export function lookup(scope: Scope, name: string): Value | undefined {
  for (let depth = scope.length - 1; depth >= 0; depth -= 1) {
    const layer = scope[depth]
    if (typeof layer === 'object') {
      if (Object.hasOwn(layer, name)) return layer[name]
    } else if (name === '.') return layer
  }
  return undefined
}
