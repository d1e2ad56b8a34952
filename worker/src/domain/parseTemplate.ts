/**
 * Texts in the part of Handlebars that has no logic of its own: `{{name}}`, `{{#if name}}`, `{{#unless name}}` and
 * `{{#each list}}` with `{{else}}`. Everything else is refused with its place. Source: handlebarsjs.com, "Language".
 */
import { parse } from '@handlebars/parser'
import type { Template, TemplateNode } from './template.ts'
import { tooMuchOf } from './templateBounds.ts'

export interface TemplateFault {
  readonly code:
    | 'unparsable_placeholder'
    | 'unescaped_placeholder'
    | 'unsupported_placeholder'
    | 'nested_too_deep'
    | 'too_many_placeholders'
  /** For people, with line and column. */
  readonly detail: string
}

export type ParsedTemplate =
  { readonly ok: true; readonly template: Template } | { readonly ok: false; readonly fault: TemplateFault }

/** What is read of the parser's tree; its own types cannot be resolved from a module. */
interface Syntax {
  readonly type: string
  readonly loc: { readonly start: { readonly line: number; readonly column: number } }
}
interface Program {
  readonly body: readonly Statement[]
  readonly blockParams?: readonly string[]
}
type Statement = Syntax & {
  readonly value: string
  readonly path: Expression
  readonly params: readonly Expression[]
  readonly hash?: unknown
  readonly escaped: boolean
  readonly program?: Program
  readonly inverse?: Program
}
type Expression = Syntax & {
  readonly original: unknown
  readonly parts: readonly string[]
  readonly data: boolean
  readonly depth: number
}

const LONGEST_NAME = 64

class Refused extends Error {
  readonly code: TemplateFault['code']

  constructor(code: TemplateFault['code'], { start }: Syntax['loc'], words: string) {
    super(`line ${start.line}, column ${start.column + 1}: ${words}`)
    this.code = code
  }
}

export function parseTemplate(source: string): ParsedTemplate {
  const tooMuch = tooMuchOf(source)
  if (tooMuch !== undefined) return { ok: false, fault: tooMuch }
  try {
    return { ok: true, template: nodesOf(parse(source) as Program) }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, fault: { code: error.code, detail: error.message } }
    return { ok: false, fault: { code: 'unparsable_placeholder', detail: placeOf(error) } }
  }
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
  const { hash, lineNumber, column = 0, message } = error as ParserError
  const noPlaceholder = 'is no placeholder, or has no end'
  if (hash?.loc !== undefined) {
    const { last_line: line, last_column: last } = hash.loc
    return `line ${line}, column ${last + 1}: what stands before here ${noPlaceholder}`
  }
  if (hash !== undefined) return `line ${hash.line + 1}: what stands here ${noPlaceholder}`
  const words = message.replace(/ - \d+:\d+$/, '')
  return lineNumber === undefined ? words : `line ${lineNumber}, column ${column + 1}: ${words}`
}

const nodesOf = (program: Program | undefined): Template =>
  (program?.body ?? []).flatMap((statement) => nodeOf(statement) ?? [])

function nodeOf(statement: Statement): TemplateNode | undefined {
  switch (statement.type) {
    case 'ContentStatement':
      return statement.value === '' ? undefined : { kind: 'text', text: statement.value }
    case 'CommentStatement':
      return undefined
    case 'MustacheStatement':
      return valueOf(statement)
    case 'BlockStatement':
      return blockOf(statement)
    default:
      return unsupported(statement, 'only values, if, unless and each are filled in')
  }
}

function unsupported({ loc }: Syntax, words: string): never {
  throw new Refused('unsupported_placeholder', loc, words)
}

function valueOf(statement: Statement): TemplateNode {
  const { path, params, hash, escaped, loc } = statement
  if (!escaped) throw new Refused('unescaped_placeholder', loc, 'values are always escaped: use two braces')
  if (params.length > 0 || hash !== undefined)
    unsupported(statement, 'a value stands alone; write {{[first name]}} for a name with a blank')
  return { kind: 'value', name: nameOf(path) }
}

function blockOf(statement: Statement): TemplateNode {
  const name = subjectOf(statement)
  const [nodes, otherwise] = [nodesOf(statement.program), nodesOf(statement.inverse)]
  switch (statement.path.original) {
    case 'if':
    case 'each':
      return { kind: statement.path.original, name, nodes, otherwise }
    case 'unless':
      return { kind: 'if', name, nodes: otherwise, otherwise: nodes }
    default:
      return unsupported(statement, KNOWN_BLOCKS)
  }
}

const KNOWN_BLOCKS = 'known are {{#if name}}, {{#unless name}} and {{#each list}}'

function subjectOf(statement: Statement): string {
  const { params, hash, program } = statement
  const [subject, ...more] = params
  const named = program?.blockParams ?? []
  if (subject === undefined || more.length > 0 || hash !== undefined || named.length > 0)
    return unsupported(statement, KNOWN_BLOCKS)
  return nameOf(subject)
}

/** `.` for the item of a list itself. */
function nameOf(expression: Expression): string {
  const { type, data, depth, parts, loc } = expression
  if (type !== 'PathExpression' || data || depth > 0)
    unsupported(expression, 'here stands the name of a variable')
  const name = parts.join('.')
  if (name.length > LONGEST_NAME)
    throw new Refused('unparsable_placeholder', loc, `a name has at most ${LONGEST_NAME} characters`)
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
