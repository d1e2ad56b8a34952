/** The variables of a recipient, against themselves and against the texts that ask for them. */
import type { Effort, Demand } from '../domain/rehearsal.ts'
import type { Template } from '../domain/template.ts'
import type { Item, Value, Variables } from '../domain/variables.ts'
import type { Texts } from './batchContent.ts'
import type { FieldError } from './problem.ts'
import { demandOf, Rehearsal, shownNames } from '../domain/rehearsal.ts'
import { renderText } from '../domain/renderTemplate.ts'
import { variableFaults } from '../domain/variables.ts'
import { LINE_BREAK } from './batchContent.ts'
import { pointerPart } from './problem.ts'

/** What the texts of a batch ask of every recipient, made once. */
export interface Plan {
  readonly demands: Readonly<Record<keyof Texts, Demand>>
  readonly subject: Template
  /** What every recipient has without being given it. */
  readonly provided: Variables
  /** Characters of text and HTML that are the same for everybody. */
  readonly statics: number
}

export function planOf({ subject, text, html }: Texts, provided: readonly string[]): Plan {
  const demands = { subject: demandOf(subject), text: demandOf(text), html: demandOf(html) }
  return {
    demands,
    subject,
    provided: Object.fromEntries(provided.map((name) => [name, 'x'])),
    statics: demands.text.characters + demands.html.characters,
  }
}

/** `Subject: ` and 988 are the 998 characters of a line (RFC 5322 §2.1.1). */
const LONGEST_SUBJECT = 988
/** What the values of one recipient may add to its mail: as much again is kept for it in memory. */
const MOST_ADDED = 262_144

export function variablesErrors(
  variables: Variables,
  pointer: string,
  plan: Plan,
  effort: Effort,
): readonly FieldError[] {
  const own: FieldError[] = variableFaults(variables).map(({ path, code }) => ({
    pointer: pointerTo(pointer, path),
    code,
  }))
  for (const name in plan.provided)
    if (Object.hasOwn(variables, name))
      own.push({ pointer: pointerTo(pointer, [name]), code: 'reserved_variable' })
  return own.length > 0 ? own : textsErrors(variables, pointer, plan, effort)
}

const pointerTo = (pointer: string, path: readonly (string | number)[]): string =>
  [pointer, ...path.map((part) => pointerPart(String(part)))].join('/')

/** A text that asks for a variable which a recipient lacks would be sent with a hole in it. */
function textsErrors(
  variables: Variables,
  pointer: string,
  plan: Plan,
  effort: Effort,
): readonly FieldError[] {
  const { demands, provided, statics } = plan
  const scope = [provided, variables]
  const rehearsal = new Rehearsal(effort)
  const ofSubject = rehearsal.add(demands.subject, scope)
  const added = rehearsal.add(demands.text, scope) + rehearsal.add(demands.html, scope) - statics
  const errors = namesErrors(rehearsal, pointer)
  if (added > MOST_ADDED)
    errors.push({ pointer, code: 'values_too_large', detail: `at most ${MOST_ADDED} characters` })
  return errors.length > 0 ? errors : subjectErrors(plan, variables, ofSubject, pointer)
}

function namesErrors({ missing, lists, values }: Rehearsal, pointer: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name of missing) errors.push({ pointer: pointerTo(pointer, [name]), code: 'missing_variable' })
  for (const name of lists) {
    const detail = `{{#each ${name}}}…{{/each}} goes through a list`
    errors.push({ pointer: pointerTo(pointer, [name]), code: 'list_as_text', detail })
  }
  for (const name of values) errors.push({ pointer: pointerTo(pointer, [name]), code: 'value_as_list' })
  return errors
}

function subjectErrors(
  { subject, provided }: Plan,
  variables: Variables,
  characters: number,
  pointer: string,
): readonly FieldError[] {
  if (characters > LONGEST_SUBJECT)
    return [{ pointer, code: 'subject_too_long', detail: `filled in, at most ${LONGEST_SUBJECT} characters` }]
  const rendered = renderText(subject, { ...provided, ...variables })
  // Of a subject that was found at fault as a whole nothing is here.
  if (subject.length > 0 && rendered.trim() === '')
    return [{ pointer, code: 'subject_empty', detail: 'filled in, nothing is left' }]
  if (!LINE_BREAK.test(rendered)) return []
  const shown = shownNames(subject)
  const guilty = Object.keys(variables).filter((name) => shown.has(name) && breaksLine(variables[name]))
  const detail = 'in the subject'
  if (guilty.length === 0) return [{ pointer, code: 'line_break', detail }]
  return guilty.map((name) => ({ pointer: pointerTo(pointer, [name]), code: 'line_break', detail }))
}

function breaksLine(value: Value | Item | undefined): boolean {
  if (typeof value !== 'object') return LINE_BREAK.test(String(value))
  return Object.values(value).some((inner: Item) => breaksLine(inner))
}
