/** A text of a mail, in the transfer encoding (RFC 2045 §6) that its static part asks for; 8bit is never assumed. */
import type { Scope, Template } from '../domain/template.ts'
import type { Variables } from '../domain/variables.ts'
import type { Segment } from './quotedPrintable.ts'
import { lookup, shownOf } from '../domain/template.ts'
import { isList } from '../domain/variables.ts'
import { DELIMITER } from './boundary.ts'
import { QuotedPrintable, segmentOf } from './quotedPrintable.ts'

export interface Encoded {
  /** Empty where nothing is shown. */
  readonly text: string
  /** Its last line has no break. */
  readonly isOpen: boolean
}

export interface Body {
  readonly encoding: '7bit' | 'quoted-printable' | 'base64'
  readonly encode: (variables: Variables) => Encoded
}

/** A text and how it is filled in (`renderText`, `renderHtml`), which both follow `valueOf`. */
export interface Source {
  readonly template: Template
  readonly render: (template: Template, variables: Variables) => string
  /** What is shown of a value. */
  readonly valueOf: (value: string) => string
}

export function compileBody(source: Source): Body {
  const { template } = source
  const text = staticText(template)
  const isStatic = template.every(({ kind }) => kind === 'text')
  if (isStatic && isSevenBit(text)) return sevenBit(text)
  const body = isMostlyForeign(text) ? base64(source) : quotedPrintable(source)
  return isStatic ? once(body) : body
}

function once({ encoding, encode }: Body): Body {
  const encoded = encode({})
  return { encoding, encode: () => encoded }
}

const staticText = (template: Template): string =>
  template
    .map((node) => {
      if (node.kind === 'text') return node.text
      return node.kind === 'value' ? '' : staticText(node.nodes) + staticText(node.otherwise)
    })
    .join('')

/** RFC 2045 §6.8. */
const LONGEST_LINE = 76

const canonical = (text: string): string =>
  text.includes('\r') ? text.replace(/\r\n|\r|\n/g, '\r\n') : text.replaceAll('\n', '\r\n')

/** Lines of at most 76 characters that no transport changes. */
const SEVEN_BIT = /^(?:(?!\.)[\t\x20-\x7e]{0,75}[\x21-\x7e])?$/

const isSevenBit = (text: string): boolean =>
  !text.includes(DELIMITER) && text.split(/\r\n|\r|\n/).every((line) => SEVEN_BIT.test(line))

/** As readers of quoted-printable would want it: a text of which they could read less than half is shorter in base64. */
function isMostlyForeign(text: string): boolean {
  const foreign = text.match(/\P{ASCII}/gu)?.length ?? 0
  return foreign > 0 && foreign >= (text.match(/[A-Za-z]/g)?.length ?? 0)
}

function sevenBit(source: string): Body {
  const text = canonical(source)
  const encoded = { text, isOpen: text !== '' && !text.endsWith('\n') }
  return { encoding: '7bit', encode: () => encoded }
}

/** Line breaks are canonical before they are encoded (RFC 2045 §6.8). */
function base64({ template, render }: Source): Body {
  return {
    encoding: 'base64',
    encode: (variables) => {
      const text = Buffer.from(canonical(render(template, variables))).toString('base64')
      return { text: inLines(text), isOpen: text !== '' }
    },
  }
}

function inLines(base64: string): string {
  let text = base64.slice(0, LONGEST_LINE)
  for (let at = LONGEST_LINE; at < base64.length; at += LONGEST_LINE)
    text += `\r\n${base64.slice(at, at + LONGEST_LINE)}`
  return text
}

type Piece =
  | { readonly kind: 'text'; readonly segment: Segment }
  | { readonly kind: 'value'; readonly name: string }
  | {
      readonly kind: 'if' | 'each'
      readonly name: string
      readonly nodes: readonly Piece[]
      readonly otherwise: readonly Piece[]
    }

function quotedPrintable({ template, valueOf }: Source): Body {
  const pieces = piecesOf(template)
  return {
    encoding: 'quoted-printable',
    encode: (variables) => {
      const writer = new QuotedPrintable()
      write(pieces, [variables], writer, valueOf)
      return { text: writer.text, isOpen: writer.column > 0 }
    },
  }
}

const piecesOf = (template: Template): readonly Piece[] =>
  template.flatMap((node): Piece[] => {
    if (node.kind === 'value') return [node]
    if (node.kind === 'text') return node.text === '' ? [] : [{ kind: 'text', segment: segmentOf(node.text) }]
    return [{ ...node, nodes: piecesOf(node.nodes), otherwise: piecesOf(node.otherwise) }]
  })

function write(
  pieces: readonly Piece[],
  scope: Scope,
  writer: QuotedPrintable,
  valueOf: Source['valueOf'],
): void {
  for (const piece of pieces) {
    if (piece.kind === 'text') writer.segment(piece.segment)
    else if (piece.kind === 'value') {
      const value = lookup(scope, piece.name)
      if (value !== undefined && !isList(value)) writer.value(valueOf(String(value)))
    } else for (const [nodes, inner] of shownOf(piece, scope)) write(nodes, inner, writer, valueOf)
  }
}
