/** Secrets as they are written in files, made ready to be sealed. Whatever is wrong is told by its place, and never by what stands there. Pure. */
import { parseAllDocuments } from 'yaml'
import { isRecord } from '../../src/runtime/fieldValues.ts'
import { misuse } from '../cli/failure.ts'
import { annotationOf, type Scope, type Wanted } from './seal.ts'

/** One Secret of a file. */
export interface Manifest extends Omit<Wanted, 'namespace'> {
  readonly namespace?: string
  readonly values: Readonly<Record<string, Uint8Array>>
  /** Where it stands, for whoever wrote it. */
  readonly at: string
}

type Fields = Readonly<Record<string, unknown>>

const FIELDS: ReadonlySet<string> = new Set([
  ...['apiVersion', 'kind', 'metadata', 'type', 'immutable', 'data', 'stringData'],
])
/** Of the API server, for any object with a name in it. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
const KEY = /^[-._a-zA-Z0-9]{1,253}$/
/** Go takes base64 with line breaks in it. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** Tools leave a copy of the object that they applied, values and all. */
const COPIES: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'kubecfg.ksonnet.io/last-applied-configuration',
  'kapp.k14s.io/original',
  'objectset.rio.cattle.io/applied',
])

/** Every Secret in a file, those in lists included. @throws Failure for the first thing that is wrong */
export function secretsIn(text: string, file: string): readonly Manifest[] {
  const documents = documentsIn(text, file).flatMap((value, index) =>
    value === null ? [] : objectsIn(value, `${file}, document ${index + 1}`),
  )
  if (documents.length === 0) throw misuse(`${file} has no Secret`)
  return documents.map(([object, at]) => manifestOf(object, at))
}

/** The parser quotes what it does not understand, and that may be a password: its code and the place have to do. */
function documentsIn(text: string, file: string): readonly unknown[] {
  const documents = parseAllDocuments(text, { logLevel: 'error' })
  const [fault] = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])
  if (fault) {
    const [{ line, col } = { line: 0, col: 0 }] = fault.linePos ?? []
    throw misuse(`${file} is no YAML at line ${line}, column ${col} (${fault.code})`)
  }
  return documents.map((document, index) => {
    try {
      return document.toJS() as unknown
    } catch {
      throw misuse(`${file}, document ${index + 1} has an alias (*name) that leads nowhere`)
    }
  })
}

function objectsIn(value: unknown, at: string): readonly (readonly [Fields, string])[] {
  if (!isRecord(value)) throw misuse(`${at} is no object of Kubernetes`)
  if (value['kind'] !== 'List') return [[value, at]]
  const items: readonly unknown[] = Array.isArray(value['items']) ? value['items'] : []
  return items.flatMap((item, index) => objectsIn(item, `${at}, item ${index + 1}`))
}

function manifestOf(object: Fields, where: string): Manifest {
  mustBeSecret(object, where)
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
  const name = nameIn(metadata, 'name', where)
  if (name === undefined) throw misuse(`${where}: metadata.name is missing`)
  const at = `${where} (Secret ${name})`
  const namespace = nameIn(metadata, 'namespace', at)
  const annotations = textsIn(metadata['annotations'], 'metadata.annotations', at)
  const scope = scopeIn(annotations)
  return {
    at,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(scope && { scope }),
    labels: textsIn(metadata['labels'], 'metadata.labels', at),
    annotations: withoutCopies(annotations),
    ...restOf(object, at),
    values: valuesIn(object, at),
  }
}

function restOf(object: Fields, at: string): Pick<Manifest, 'type' | 'immutable'> {
  const unknown = Object.keys(object).find((field) => !FIELDS.has(field))
  if (unknown !== undefined)
    throw misuse(`${at}: a Secret has no ${KEY.test(unknown) ? `field ${unknown}` : 'such field'}`)
  const { type, immutable } = object
  if (type !== undefined && typeof type !== 'string') throw misuse(`${at}: type is not text`)
  if (immutable !== undefined && typeof immutable !== 'boolean')
    throw misuse(`${at}: immutable must be true or false`)
  return { ...(type !== undefined && { type }), ...(immutable !== undefined && { immutable }) }
}

function mustBeSecret({ apiVersion, kind }: Fields, at: string): void {
  if (kind === 'SealedSecret') throw misuse(`${at} is a SealedSecret: it is sealed already, leave it out`)
  if (kind === 'Secret' && apiVersion === 'v1') return
  const other = typeof kind === 'string' && /^[A-Za-z]{1,63}$/.test(kind) ? kind : undefined
  if (other === undefined) throw misuse(`${at} does not say what it is: apiVersion: v1, kind: Secret`)
  if (other === 'Secret') throw misuse(`${at}: apiVersion of a Secret is v1`)
  throw misuse(`${at} is a ${other}: only Secrets are sealed, leave it out`)
}

function nameIn(metadata: Fields, field: 'name' | 'namespace', at: string): string | undefined {
  const value = metadata[field]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || !NAME.test(value))
    throw misuse(`${at}: metadata.${field} must be a name: a-z, 0-9, - and . (a number needs quotes)`)
  return value
}

/** Text wins over base64, as in the API server. */
function valuesIn(object: Fields, at: string): Manifest['values'] {
  const encoded = Object.entries(textsIn(object['data'], 'data', at)).map(
    ([key, text], index) => [key, decoded(text, named('data', key, index), at)] as const,
  )
  const plain = Object.entries(textsIn(object['stringData'], 'stringData', at)).map(
    ([key, text]) => [key, Buffer.from(text)] as const,
  )
  const all = [...encoded, ...plain]
  if (all.length === 0) throw misuse(`${at} has nothing to seal: data and stringData are empty`)
  if (!all.every(([key]) => KEY.test(key)))
    throw misuse(`${at}: keys of data and stringData have only letters, digits, -, _ and .`)
  return Object.fromEntries(all)
}

function decoded(text: string, path: string, at: string): Uint8Array {
  const joined = text.replaceAll(/[\r\n]/g, '')
  if (joined.length % 4 !== 0 || !BASE64.test(joined))
    throw misuse(`${at}: ${path} is not base64; text belongs into stringData`)
  return Buffer.from(joined, 'base64')
}

type Texts = Readonly<Record<string, string>>

function textsIn(value: unknown, path: string, at: string): Texts {
  if (value === undefined || value === null) return {}
  if (!isRecord(value)) throw misuse(`${at}: ${path} must have a key and a text on each line`)
  const texts = Object.entries(value).map(([key, text], index) => {
    // What stands alone may be a value that lost its key.
    if (text === null) throw misuse(`${at}: key ${index + 1} of ${path} has no value ("" is an empty one)`)
    if (typeof text !== 'string')
      throw misuse(`${at}: ${named(path, key, index)} is not text: put it into quotes`)
    return [key, text] as const
  })
  return Object.fromEntries(texts)
}

/** What is no key is not repeated. */
function named(path: string, key: string, index: number): string {
  if (!/^[-._/a-zA-Z0-9]{1,253}$/.test(key)) return `key ${index + 1} of ${path}`
  return /^[-_a-zA-Z0-9]+$/.test(key) ? `${path}.${key}` : `${path}["${key}"]`
}

const WIDER = ['cluster-wide', 'namespace-wide'] as const
const SCOPED: ReadonlySet<string> = new Set(WIDER.map(annotationOf))

function scopeIn(annotations: Texts): Scope | undefined {
  return WIDER.find((scope) => annotations[annotationOf(scope)] === 'true')
}

function withoutCopies(annotations: Texts): Texts {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([key, value]) => !COPIES.has(key) && !SCOPED.has(key) && !isCopy(value),
    ),
  )
}

function isCopy(value: string): boolean {
  if (!value.trimStart().startsWith('{')) return false
  try {
    const object: unknown = JSON.parse(value)
    return isRecord(object) && object['kind'] === 'Secret'
  } catch {
    return false
  }
}
