/** The fenced blocks of a document, with the marks above them. Pure. */

export interface Block {
  readonly file: string
  /** Of its fence, from 1. */
  readonly line: number
  /** What stands behind the fence, such as `sh`; empty where nothing does. */
  readonly language: string
  readonly text: string
  /** From `<!-- procedure: NAME -->` above the fence. */
  readonly procedure?: string
}

const FENCE = /^( *)```(\w*)\s*$/
const MARK = /^ *<!-- procedure: ([a-z0-9-]+) -->\s*$/

/** @param file relative to the repository, for those who are told of a block */
export function blocksOf(file: string, document: string): readonly Block[] {
  const lines = document.split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = '', language = ''] = FENCE.exec(lines[at] ?? '') ?? []
    if (!FENCE.test(lines[at] ?? '')) continue
    const end = lines.findIndex((line, index) => index > at && FENCE.test(line))
    if (end === -1) throw new Error(`${file}:${at + 1}: a fence without an end`)
    const inside = lines.slice(at + 1, end).map((line) => line.slice(indent.length))
    const procedure = markAbove(lines, at)
    blocks.push({
      file,
      line: at + 1,
      language,
      text: `${inside.join('\n')}\n`,
      ...(procedure !== undefined && { procedure }),
    })
    at = end
  }
  return blocks
}

function markAbove(lines: readonly string[], fence: number): string | undefined {
  const above = lines.slice(0, fence).findLast((line) => line.trim() !== '')
  return MARK.exec(above ?? '')?.[1]
}

/** Code within a sentence or a table, outside of fenced blocks. */
export function inlineCodeOf(document: string): readonly string[] {
  const prose = document.replaceAll(/^ *```[\s\S]*?^ *```\s*$/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '))
}
