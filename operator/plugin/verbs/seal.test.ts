/** `seal` without a cluster; operator/test/sealedSecrets.test.ts has it with the API server and the controller. */
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import type { Sealed } from '../seal/seal.ts'
import { authority } from '../../src/testing/certificates.ts'
import { opened } from '../../src/testing/sealed.ts'
import { run } from '../run.ts'

const { certificate, key } = await authority('sealed-secrets', 'rsa')
const OFFLINE = ['--cert', 'cert.pem', '--kubeconfig', '/nowhere']
const CANARY = 'hunter2'

const secret = (name: string, fields: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'mail', ...metadata },
  stringData: { password: CANARY },
  ...fields,
})

async function sealing(args: readonly string[], files: Readonly<Record<string, string>>) {
  const [out, err]: [string[], string[]] = [[], []]
  const exit = await run(['seal', ...args], {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    columns: 80,
    colour: false,
    now: () => new Date(),
    signal: new AbortController().signal,
    readStdin: () => Promise.resolve(files['-'] ?? ''),
    readFile: (path) => {
      const text = { 'cert.pem': certificate, ...files }[path]
      return text === undefined ? Promise.reject(new Error(`ENOENT: ${path}`)) : Promise.resolve(text)
    },
    writeFile: () => Promise.reject(new Error('nothing is written')),
  })
  return { exit, out: out.join(''), err: err.join('') }
}

const documentsOf = (text: string) => parseAllDocuments(text).map((one) => one.toJS() as Sealed)

describe('seal', () => {
  it('makes a SealedSecret of each Secret, as YAML that kubectl reads as what it was', async () => {
    const labels = { on: 'yes', version: '012' }
    const text = [secret('smtp', {}, { labels }), secret('ses')].map((one) => stringify(one)).join('---\n')
    const { exit, out, err } = await sealing(['-f', 'secrets.yaml', ...OFFLINE], { 'secrets.yaml': text })
    expect([exit, err]).toEqual([0, ''])
    const [smtp, ses, ...more] = documentsOf(out)
    expect(more).toEqual([])
    expect(smtp?.spec.template.metadata.labels).toEqual(labels)
    // kubectl reads YAML 1.1.
    expect((parse(out.split('---\n')[0] ?? '', { version: '1.1' }) as Sealed).spec.template).toEqual(
      smtp?.spec.template,
    )
    for (const one of [smtp, ses])
      expect(
        opened(one?.spec.encryptedData['password'] ?? '', `mail/${one?.metadata.name ?? ''}`, key).toString(),
      ).toBe(CANARY)
    expect(out).not.toContain(CANARY)
    expect(out).not.toContain(Buffer.from(CANARY).toString('base64'))
  })

  it('reads standard input, takes a namespace and a scope by flag, and prints JSON', async () => {
    const text = JSON.stringify(secret('smtp', {}, { namespace: undefined }))
    const args = ['-f', '-', '-n', 'shop', '--scope', 'namespace-wide', '-o', 'json']
    const { exit, out } = await sealing([...args, ...OFFLINE], { '-': text })
    expect(exit).toBe(0)
    const { metadata, spec } = JSON.parse(out) as Sealed
    expect(metadata).toEqual({
      name: 'smtp',
      namespace: 'shop',
      annotations: { 'sealedsecrets.bitnami.com/namespace-wide': 'true' },
    })
    expect(opened(spec.encryptedData['password'] ?? '', 'shop', key).toString()).toBe(CANARY)
  })

  it('of several in JSON makes one list', async () => {
    const text = [secret('smtp'), secret('ses')].map((one) => JSON.stringify(one)).join('\n---\n')
    const { out } = await sealing(['-f', '-', '-o', 'json', ...OFFLINE], { '-': text })
    const { kind, items } = JSON.parse(out) as { kind: string; items: readonly Sealed[] }
    expect([kind, items.map(({ metadata }) => metadata.name)]).toEqual(['List', ['smtp', 'ses']])
  })

  it.each([
    [[], 'cluster-wide', ''],
    [['--scope', 'strict'], undefined, 'mail/smtp'],
  ])('by %j of a manifest that says cluster-wide', async (args, scope, label) => {
    const annotations = { 'sealedsecrets.bitnami.com/cluster-wide': 'true' }
    const text = stringify(secret('smtp', {}, { annotations }))
    const { out } = await sealing(['-f', '-', ...args, ...OFFLINE], { '-': text })
    const [{ metadata, spec } = { metadata: undefined, spec: undefined }] = documentsOf(out)
    expect(metadata?.annotations).toEqual(
      scope === undefined ? undefined : { [`sealedsecrets.bitnami.com/${scope}`]: 'true' },
    )
    expect(opened(spec?.encryptedData['password'] ?? '', label, key).toString()).toBe(CANARY)
  })

  const GOOD = { 's.yaml': stringify(secret('smtp')) }
  const mixed = [secret('smtp'), secret('ses', { data: { a: CANARY } })].map((one) => stringify(one))

  it.each<readonly [string, readonly string[], Readonly<Record<string, string>>, number, string]>([
    ['no file', OFFLINE, {}, 2, 'a file with Secrets is missing: kubectl batchsender seal -f secret.yaml'],
    ['a file that is not there', ['-f', 'x', ...OFFLINE], {}, 2, 'x cannot be read: ENOENT: x'],
    [
      'a scope that is none',
      ['-f', 's.yaml', '--scope', 'wide'],
      GOOD,
      2,
      '--scope must be strict, namespace-wide or',
    ],
    [
      'a mistake in the last document',
      ['-f', 's.yaml', ...OFFLINE],
      { 's.yaml': mixed.join('---\n') },
      2,
      's.yaml, document 2 (Secret ses): data.a is not base64; text belongs into stringData',
    ],
    [
      'two namespaces',
      ['-f', 's.yaml', '-n', 'shop', ...OFFLINE],
      GOOD,
      2,
      's.yaml, document 1 (Secret smtp) says namespace mail and -n says shop: leave one of them out',
    ],
    [
      'a certificate that is none',
      ['-f', 's.yaml', ...OFFLINE],
      { ...GOOD, 'cert.pem': 'x' },
      1,
      'cert.pem: this is no certificate in PEM: give what `kubeseal --fetch-cert` prints',
    ],
    [
      'no namespace and no context',
      ['-f', 's.yaml', ...OFFLINE],
      { 's.yaml': stringify(secret('smtp', {}, { namespace: undefined })) },
      2,
      'the kubeconfig /nowhere cannot be read',
    ],
  ])('%s: ends with one line, and nothing is printed', async (_, args, files, code, words) => {
    const { exit, out, err } = await sealing(args, files)
    expect([exit, out]).toEqual([code, ''])
    expect(err).toContain(words)
    expect(err.trim()).not.toContain('\n')
    expect(err).not.toContain(CANARY)
  })
})
