/**
 * Personal texts in the part of Handlebars that has no logic of its own: `{{name}}`, `{{#if name}}`, `{{#unless name}}`
 * and `{{#each list}}` with `{{else}}`. A value is text wherever it stands. Source: handlebarsjs.com, "Language".
 */
import type { AST } from '@handlebars/parser'
import { parse } from '@handlebars/parser'
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

export interface TemplateFault {
  readonly code: 'unparsable_placeholder' | 'unescaped_placeholder' | 'unsupported_placeholder' | TooMuch
  readonly detail: string
}

export type ParsedTemplate =
  { readonly ok: true; readonly template: Template } | { readonly ok: false; readonly fault: TemplateFault }

const LONGEST_NAME = 64
const DEEPEST = 8
const MOST_PLACEHOLDERS = 2_000

type TooMuch = 'nested_too_deep' | 'too_many_placeholders'

class Refused extends Error {
  readonly code: TemplateFault['code']

  constructor(code: TemplateFault['code'], { start }: AST.SourceLocation, words: string) {
    super(`line ${start.line}, column ${start.column + 1}: ${words}`)
    this.code = code
  }
}

export function parseTemplate(source: string): ParsedTemplate {
  const tooMuch = tooMuchOf(source)
  if (tooMuch !== undefined) return { ok: false, fault: tooMuch }
  try {
    return { ok: true, template: nodesOf(parse(source)) }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, fault: { code: error.code, detail: error.message } }
    return { ok: false, fault: { code: 'unparsable_placeholder', detail: placeOf(error) } }
  }
}

const PLACEHOLDER = /(?<!\\)\{\{~?\s*(#|\/|else\s|)/g

/** The parser's time grows with the square of the depth, in which it counts each `else if`, and nobody bounds it. */
function tooMuchOf(source: string): (TemplateFault & { readonly code: TooMuch }) | undefined {
  const open: number[] = []
  let count = 0
  let depth = 0
  for (const [, kind] of source.matchAll(PLACEHOLDER)) {
    count += 1
    if (kind === '#') open.push(1)
    else if (kind === '/') depth -= open.pop() ?? 0
    else if (kind !== '') open.push((open.pop() ?? 0) + 1)
    if (kind === '#' || kind?.startsWith('else')) depth += 1
    if (depth > DEEPEST)
      return { code: 'nested_too_deep', detail: `at most ${DEEPEST} blocks or else ifs within each other` }
    if (count > MOST_PLACEHOLDERS)
      return { code: 'too_many_placeholders', detail: `at most ${MOST_PLACEHOLDERS} in one text` }
  }
  return undefined
}

interface ParserError extends Error {
  /** Of the grammar, counted from 1 and 0; of the lexer only the line, from 0. */
  readonly hash?: {
    readonly line: number
    readonly loc?: { readonly last_line: number; readonly last_column: number }
  }
  /** Of what comes after the grammar. */
  readonly lineNumber?: number
  readonly column?: number
}

function placeOf(error: unknown): string {
  const { hash, lineNumber, column, message } = error as ParserError
  if (hash?.loc !== undefined)
    return `line ${hash.loc.last_line}, column ${hash.loc.last_column + 1}: what stands before here is no placeholder, or has no end`
  if (hash !== undefined) return `line ${hash.line + 1}: what stands here is no placeholder, or has no end`
  const words = message.replace(/ - \d+:\d+$/, '')
  return lineNumber === undefined ? words : `line ${lineNumber}, column ${(column ?? 0) + 1}: ${words}`
}

const nodesOf = (program: AST.Program | undefined): Template =>
  (program?.body ?? []).flatMap((statement: AST.Statement) => nodeOf(statement) ?? [])

function nodeOf(statement: AST.Statement): TemplateNode | undefined {
  if (isOf<AST.ContentStatement>(statement, 'ContentStatement'))
    return statement.value === '' ? undefined : { kind: 'text', text: statement.value }
  if (isOf<AST.CommentStatement>(statement, 'CommentStatement')) return undefined
  if (isOf<AST.MustacheStatement>(statement, 'MustacheStatement')) return valueOf(statement)
  if (isOf<AST.BlockStatement>(statement, 'BlockStatement')) return blockOf(statement)
  throw new Refused(
    'unsupported_placeholder',
    statement.loc,
    'only values, if, unless and each are filled in',
  )
}

const isOf = <Kind extends AST.Node>(node: AST.Node, type: Kind['type']): node is Kind => node.type === type

function valueOf({ path, params, hash, escaped, loc }: AST.MustacheStatement): TemplateNode {
  if (!escaped) throw new Refused('unescaped_placeholder', loc, 'values are always escaped: use two braces')
  if (params.length > 0 || hash !== undefined)
    throw new Refused(
      'unsupported_placeholder',
      loc,
      'a value stands alone; write {{[first name]}} for a name with a blank',
    )
  return { kind: 'value', name: nameOf(path) }
}

function blockOf({ path, params, hash, program, inverse, loc }: AST.BlockStatement): TemplateNode {
  const [subject, ...more] = params
  const word = isOf<AST.PathExpression>(path, 'PathExpression') ? path.original : ''
  const isKnown = word === 'if' || word === 'unless' || word === 'each'
  const isPlain = more.length === 0 && hash === undefined && (program?.blockParams ?? []).length === 0
  if (!isKnown || subject === undefined || !isPlain)
    throw new Refused(
      'unsupported_placeholder',
      loc,
      'known are {{#if name}}, {{#unless name}} and {{#each list}}',
    )
  const [nodes, otherwise] = [nodesOf(program), nodesOf(inverse)]
  const name = nameOf(subject)
  if (word === 'unless') return { kind: 'if', name, nodes: otherwise, otherwise: nodes }
  return { kind: word, name, nodes, otherwise }
}

/** `.` for the item of a list itself. */
function nameOf(expression: AST.Expression): string {
  if (!isOf<AST.PathExpression>(expression, 'PathExpression') || expression.data || expression.depth > 0)
    throw new Refused('unsupported_placeholder', expression.loc, 'here stands the name of a variable')
  const name = expression.parts.join('.')
  if (name.length > LONGEST_NAME)
    throw new Refused(
      'unparsable_placeholder',
      expression.loc,
      `a name has at most ${LONGEST_NAME} characters`,
    )
  return name === '' ? '.' : name
}

const FORMER_PLACEHOLDER = /\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}/g

/** As texts were understood before they were parsed: whatever is not the plain name of a variable is text. */
export function formerTemplate(source: string): Template {
  const nodes: TemplateNode[] = []
  let end = 0
  for (const { 0: whole, 1: name = '', index } of source.matchAll(FORMER_PLACEHOLDER)) {
    nodes.push({ kind: 'text', text: source.slice(end, index) }, { kind: 'value', name })
    end = index + whole.length
  }
  return [...nodes, { kind: 'text', text: source.slice(end) }]
}

/** From the outermost to the innermost: the variables, then the items of lists. */
export type Scope = readonly (Variables | Scalar)[]

/** What is shown of a block, and with which values. */
export function shownOf(
  { kind, name, nodes, otherwise }: Block,
  scope: Scope,
): readonly (readonly [Template, Scope])[] {
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
