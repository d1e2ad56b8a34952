/** Texts filled in for one recipient. What has no value becomes nothing: who accepts a batch has seen to it that all do. */
import type { Scope, Template } from './template.ts'
import type { Variables } from './variables.ts'
import { lookup, shownOf } from './template.ts'
import { isList } from './variables.ts'

/** Plain text: values as they are. */
export const renderText = (template: Template, variables: Variables): string =>
  render(template, [variables], (text) => text)

/** HTML: values are text, never markup. */
export const renderHtml = (template: Template, variables: Variables): string =>
  render(template, [variables], escaped)

function render(template: Template, scope: Scope, encode: (text: string) => string): string {
  let text = ''
  for (const node of template) {
    if (node.kind === 'text') text += node.text
    else if (node.kind === 'value') {
      const value = lookup(scope, node.name)
      if (value !== undefined && !isList(value)) text += encode(String(value))
    } else for (const [nodes, inner] of shownOf(node, scope)) text += render(nodes, inner, encode)
  }
  return text
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as HTML shows it. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
