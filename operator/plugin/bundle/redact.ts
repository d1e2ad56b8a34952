/**
 * What leaves the cluster with a report or a bundle says nothing secret: no content of a Secret, no value that looks like
 * one, no name and password in an address, no address of a person. Pure.
 */
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { isRecord } from '../../src/runtime/fieldValues.ts'

export const MASKED = '(masked)'

/** Of a field or a variable, of which the value is not shown. */
const SECRET_NAME =
  /(pass(word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|credentials?|authorization|cookie|signature|dsn|(^|[-_])auth|[-_]key)$/i

const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASKED],
  // Name and password in an address.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"'\\]+@/gi, `$1${MASKED}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${MASKED}`],
  // JSON Web Tokens, access keys of AWS, and what providers begin their keys with.
  [/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?/g, MASKED],
  [/\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, MASKED],
  [/\b(re|sk|pk|whsec|xox[bp]|ghp|glpat)[_-][A-Za-z0-9_+/=-]{8,}/g, MASKED],
  [/\bsha256:[0-9a-f]{16,}/gi, `sha256:${MASKED}`],
  // `password=…`, `"token":"…"` in whatever text.
  [
    /("?\b[\w-]*(?:password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?|authorization|cookie)"?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',;&}]+)/gi,
    `$1${MASKED}`,
  ],
  [/"[^"\n]{1,64}"@(?=[\p{L}\p{N}])[\p{L}\p{N}.-]+/gu, `${MASKED}@${MASKED}`],
  [/[\p{L}\p{N}._%+'-]+@(?=[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+)[\p{L}\p{N}.-]+/gu, `${MASKED}@${MASKED}`],
]

export function maskText(text: string): string {
  return RULES.reduce((masked, [pattern, instead]) => masked.replaceAll(pattern, instead), text)
}

export const looksSecret = (name: string): boolean => SECRET_NAME.test(name)

/** Annotations that repeat the object, or may hold whatever somebody put there by the way. */
const LEFT_OUT = 'kubectl.kubernetes.io/last-applied-configuration'

export function redacted(object: KubernetesObject): KubernetesObject {
  const { apiVersion, kind, metadata, ...rest } = object
  const { annotations = {} } = metadata
  const notes = Object.entries(annotations).filter(([name]) => name !== LEFT_OUT)
  const kept = Object.fromEntries(
    Object.entries(metadata).filter(([name]) => name !== 'managedFields' && name !== 'annotations'),
  )
  const shown = { name: metadata.name, ...(masked(kept) as object) }
  if (kind === 'Secret') return sizesOnly(object, shown)
  const annotated = notes.length === 0 ? {} : { annotations: masked(Object.fromEntries(notes)) as Notes }
  return { apiVersion, kind, metadata: { ...shown, ...annotated }, ...(masked(rest) as object) }
}

type Notes = Readonly<Record<string, string>>

function sizesOnly(
  { apiVersion, kind, ...object }: KubernetesObject,
  metadata: KubernetesObject['metadata'],
): KubernetesObject {
  const data = (object['data'] ?? {}) as Readonly<Record<string, string>>
  const sizes = Object.entries(data).map(([key, value]) => {
    const bytes = Buffer.from(value, 'base64').length
    return [key, `(${bytes} bytes)`] as const
  })
  return { apiVersion, kind, metadata, type: object['type'], data: Object.fromEntries(sizes.sort()) }
}

/** @param name of the field that holds it */
function masked(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return looksSecret(name) ? MASKED : maskText(value)
  if (Array.isArray(value)) return value.map((item) => maskedItem(item))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([field, below]) => [field, masked(below, field)]))
}

/** Of an environment, say: what it is stands beside it. */
function maskedItem(item: unknown): unknown {
  if (!isRecord(item)) return masked(item)
  const { name, value } = item
  const isPair = typeof name === 'string' && typeof value === 'string'
  if (!isPair || !looksSecret(name)) return masked(item)
  return { ...(masked({ ...item, value: '' }) as object), value: value === '' ? '' : MASKED }
}
