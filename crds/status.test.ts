import { describe, expect, it } from 'vitest'
import { BatchSenderStatus } from './schema/status.ts'

interface Node {
  readonly type?: string
  readonly minItems?: number
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly 'x-kubernetes-list-type'?: string
}

/** Paths of lists with keys that have to be there. */
function requiredLists({ properties = {}, required = [], items }: Node, path = 'status'): [string, Node][] {
  const below = Object.entries(properties).flatMap(([name, node]): [string, Node][] => {
    const here = `${path}.${name}`
    const isKeyed = node.type === 'array' && node['x-kubernetes-list-type'] !== 'atomic'
    return [
      ...(isKeyed && required.includes(name) ? [[here, node] as [string, Node]] : []),
      ...requiredLists(node, here),
    ]
  })
  return items ? [...below, ...requiredLists(items, `${path}[]`)] : below
}

describe('the status', () => {
  // findings/server-side-apply-forgets-emptied-lists.sh
  it('has no list with keys that has to be there and may be empty: an apply that empties it takes it away', () => {
    const lists = requiredLists(BatchSenderStatus as unknown as Node)
    expect(lists.length).toBeGreaterThan(0)
    for (const [path, { minItems }] of lists) expect([path, minItems]).toEqual([path, 1])
  })
})
