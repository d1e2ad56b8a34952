/** Personal texts: `{{name}}` in subject, text and HTML is replaced by the recipient's variable of that name. */

export type Variables = Readonly<Record<string, string | number | boolean>>

/** The variable that is filled in for every recipient where unsubscribing is set up. */
export const UNSUBSCRIBE_URL = 'unsubscribeUrl'

const PLACEHOLDER = /\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}/g

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Names of the variables that a text asks for. */
export function placeholders(text: string): ReadonlySet<string> {
  return new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name = '']) => name))
}

/** Plain text: values as they are. What has no value becomes nothing. */
export function renderText(text: string, variables: Variables): string {
  return text.replace(PLACEHOLDER, (_, name: string) => valueOf(variables, name))
}

/** HTML: values are text, never markup. */
export function renderHtml(html: string, variables: Variables): string {
  return html.replace(PLACEHOLDER, (_, name: string) =>
    valueOf(variables, name).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character),
  )
}

function valueOf(variables: Variables, name: string): string {
  return Object.hasOwn(variables, name) ? String(variables[name]) : ''
}
