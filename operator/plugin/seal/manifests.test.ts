import process from 'node:process'
import { describe, expect, it, vi } from 'vitest'
import { stringify } from 'yaml'
import { EXIT } from '../cli/verb.ts'
import type { Failure } from '../cli/failure.ts'
import { secretsIn } from './manifests.ts'

const CANARY = 'hunter2 is secret'
const secret = (fields: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'smtp', ...metadata },
  stringData: { password: CANARY },
  ...fields,
})
const texts = (values: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString()]))

describe('a Secret', () => {
  it('is taken with all that it is, and text wins over base64', () => {
    const [found] = secretsIn(
      stringify(
        secret(
          {
            type: 'Opaque',
            immutable: true,
            data: { password: 'eA==', 'tls.key': 'AP/+\ngA==\n', none: '' },
          },
          { namespace: 'mail', labels: { app: 'yes' }, annotations: { note: 'n' } },
        ),
      ),
      'f',
    )
    expect(found).toMatchObject({
      at: 'f, document 1 (Secret smtp)',
      name: 'smtp',
      namespace: 'mail',
      labels: { app: 'yes' },
      annotations: { note: 'n' },
      type: 'Opaque',
      immutable: true,
    })
    expect(texts(found?.values ?? {})).toMatchObject({ password: CANARY, none: '' })
    expect(Buffer.from(found?.values['tls.key'] ?? []).toString('hex')).toBe('00fffe80')
  })

  it('is found among others, and in lists as kubectl get prints them', () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [secret(), secret({}, { name: 'ses' })] }
    const text = ['---', stringify(secret()), '# nothing', JSON.stringify(list, undefined, 2)].join('\n---\n')
    expect(secretsIn(text, 'f').map(({ at }) => at)).toEqual([
      'f, document 2 (Secret smtp)',
      'f, document 4, item 1 (Secret smtp)',
      'f, document 4, item 2 (Secret ses)',
    ])
  })

  it('says its scope by the annotations of Sealed Secrets', () => {
    const scopeOf = (annotations: object) => secretsIn(stringify(secret({}, { annotations })), 'f')[0]
    expect(scopeOf({ 'sealedsecrets.bitnami.com/cluster-wide': 'true' })).toMatchObject({
      scope: 'cluster-wide',
      annotations: {},
    })
    expect(scopeOf({ 'sealedsecrets.bitnami.com/namespace-wide': 'true' })?.scope).toBe('namespace-wide')
    expect(scopeOf({ 'sealedsecrets.bitnami.com/cluster-wide': 'false' })?.scope).toBeUndefined()
  })

  it('that was in a cluster leaves behind what only that cluster knows, and copies of its values', () => {
    const [found] = secretsIn(
      stringify(
        secret(
          {},
          {
            uid: 'u',
            resourceVersion: '7',
            creationTimestamp: '2026-01-01T00:00:00Z',
            managedFields: [{ manager: 'kubectl' }],
            ownerReferences: [{ kind: 'ExternalSecret' }],
            annotations: {
              'kubectl.kubernetes.io/last-applied-configuration': 'of any form',
              'tool.example.com/applied': JSON.stringify(secret()),
              note: '{"kind":"of note"}',
            },
          },
        ),
      ),
      'f',
    )
    expect(found?.annotations).toEqual({ note: '{"kind":"of note"}' })
    expect(JSON.stringify({ ...found, values: {} })).not.toMatch(/hunter2|ownerReferences|uid|managed/)
  })
})

const MISTAKES: readonly (readonly [string, string | object, string])[] = [
  ['nothing', '', 'f has no Secret'],
  ['no object', '- 1', 'f, document 1 is no object of Kubernetes'],
  ['another kind', { ...secret(), kind: 'ConfigMap' }, 'f, document 1 is a ConfigMap: only Secrets'],
  ['no kind', { stringData: { password: CANARY } }, 'f, document 1 does not say what it is: apiVersion: v1'],
  ['another version', secret({ apiVersion: 'v2' }), 'f, document 1: apiVersion of a Secret is v1'],
  ['one that is sealed', { kind: 'SealedSecret' }, 'f, document 1 is a SealedSecret: it is sealed already'],
  ['no name', secret({ metadata: { generateName: 'a-' } }), 'f, document 1: metadata.name is missing'],
  ['no metadata', secret({ metadata: undefined }), 'f, document 1: metadata.name is missing'],
  ['a name that is none', secret({}, { name: CANARY }), 'f, document 1: metadata.name must be a name'],
  ['a number as a name', secret({}, { name: 7 }), 'f, document 1: metadata.name must be a name'],
  ['a namespace that is none', secret({}, { namespace: 'A' }), '(Secret smtp): metadata.namespace must be'],
  ['nothing in it', secret({ stringData: {} }), '(Secret smtp) has nothing to seal: data and stringData'],
  [
    'a field that is none',
    secret({ stringdata: { a: CANARY } }),
    '(Secret smtp): a Secret has no field stringdata',
  ],
  ['a field that is a value', secret({ [CANARY]: 1 }), '(Secret smtp): a Secret has no such field'],
  ['bad base64', secret({ data: { password: CANARY } }), '(Secret smtp): data.password is not base64; text'],
  ['base64 cut short', secret({ data: { 'tls.key': 'aHVudGVyMg' } }), 'data["tls.key"] is not base64'],
  ['padding in the middle', secret({ data: { a: 'eA==eA==' } }), 'data.a is not base64'],
  ['base64 for addresses', secret({ data: { a: '_-__' } }), 'data.a is not base64'],
  ['a number', secret({ stringData: { port: 587 } }), 'stringData.port is not text: put it into quotes'],
  ['a map', secret({ stringData: { password: { [CANARY]: 1 } } }), 'stringData.password is not text'],
  ['no value', secret({ stringData: { a: 'b', [CANARY]: null } }), 'key 2 of stringData has no value'],
  ['text instead of keys', secret({ stringData: CANARY }), 'stringData must have a key and a text'],
  ['a list', secret({ data: [CANARY] }), 'data must have a key and a text on each line'],
  ['a key that is none', secret({ stringData: { [CANARY]: 'x' } }), 'keys of data and stringData have only'],
  ['a bad value of no key', secret({ data: { [CANARY]: '!' } }), 'key 1 of data is not base64'],
  [
    'a label that is no text',
    secret({}, { labels: { 'x.io/a': true } }),
    'metadata.labels["x.io/a"] is not text',
  ],
  ['a type that is no text', secret({ type: 1 }), '(Secret smtp): type is not text'],
  ['immutable in words', secret({ immutable: CANARY }), 'immutable must be true or false'],
  ['no YAML', `a: |${CANARY}\n`, 'f is no YAML at line 1, column 5 (UNEXPECTED_TOKEN)'],
  ['an alias to nothing', 'a: *hunter2\n', 'f, document 1 has an alias (*name) that leads nowhere'],
  ['a tag of nobody', 'a: !hunter2 x\n', 'f is no YAML at line 1, column 4 (TAG_RESOLVE_FAILED)'],
  ['a key twice', 'hunter2: 1\nhunter2: 2\n', 'f is no YAML at line 2, column 1 (DUPLICATE_KEY)'],
  [
    'a template that was not filled in',
    'apiVersion: v1\nkind: Secret\nmetadata: {name: smtp}\nstringData:\n  password: {{ hunter2 }}\n',
    'stringData.password is not text',
  ],
]

describe('a file with a mistake', () => {
  it.each(MISTAKES)('%s: is refused by its place, and no value is told', (_, given, words) => {
    const warn = vi.spyOn(process, 'emitWarning')
    const text = typeof given === 'string' ? given : stringify(given)
    let failure: Failure | undefined
    try {
      secretsIn(text, 'f')
    } catch (error) {
      failure = error as Failure
    }
    expect(failure?.message).toContain(words)
    expect(failure?.exit).toBe(EXIT.usage)
    expect(failure?.message).not.toContain('hunter2')
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })

  it('is told by the document at fault', () => {
    const text = [secret(), secret({ data: { a: '?' } }, { name: 'ses' })].map((one) => stringify(one))
    expect(() => secretsIn(text.join('---\n'), 'f')).toThrow(
      'f, document 2 (Secret ses): data.a is not base64; text belongs into stringData',
    )
  })
})
