import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { authority } from '../../src/testing/certificates.ts'
import { opened } from '../../src/testing/sealed.ts'
import { seal, SCOPES } from './seal.ts'

const { certificate: PEM, key: KEY } = await authority('sealed-secrets', 'rsa')
const WHERE = { name: 'smtp', namespace: 'mail' }
const LABELS = { strict: 'mail/smtp', 'namespace-wide': 'mail', 'cluster-wide': '' }

/** operator/test/sealedSecrets.test.ts has the real controller. */
test.each(SCOPES)('%s: opens under its label and no other, and says so', (scope) => {
  const binary = randomBytes(300)
  const { metadata, spec } = seal({ ...WHERE, scope }, { password: 'pässword', binary, empty: '' }, PEM)
  const open = (key: string, label: string = LABELS[scope]) =>
    opened(spec.encryptedData[key] ?? '', label, KEY)
  expect(open('password').toString()).toBe('pässword')
  expect(open('binary').equals(binary)).toBe(true)
  expect(open('empty')).toHaveLength(0)
  expect(() => open('password', 'elsewhere')).toThrow()
  expect(metadata.annotations).toEqual(
    scope === 'strict' ? undefined : { [`sealedsecrets.bitnami.com/${scope}`]: 'true' },
  )
  expect(spec.template).toEqual({ metadata })
})

test('what the Secret is beside its values is kept in the template, and nowhere else', () => {
  const { metadata, spec } = seal(
    {
      ...WHERE,
      scope: 'namespace-wide',
      labels: { app: 'mail' },
      annotations: { owner: 'ann' },
      type: 'kubernetes.io/basic-auth',
      immutable: false,
    },
    { password: 'p' },
    PEM,
  )
  const scoped = { 'sealedsecrets.bitnami.com/namespace-wide': 'true' }
  expect(metadata).toEqual({ ...WHERE, annotations: scoped })
  expect(spec.template).toEqual({
    metadata: { ...WHERE, labels: { app: 'mail' }, annotations: { owner: 'ann', ...scoped } },
    type: 'kubernetes.io/basic-auth',
    immutable: false,
  })
})

test('the same value twice is not the same', () => {
  const text = () => seal(WHERE, { password: 'p' }, PEM).spec.encryptedData['password']
  expect(text()).not.toBe(text())
})

test('what is no certificate is told, and what has ended', async () => {
  expect(() => seal(WHERE, {}, 'nonsense')).toThrow(/kubeseal --fetch-cert/)
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const pem = other.export({ type: 'spki', format: 'pem' }).toString()
  expect(() => seal(WHERE, {}, pem)).toThrow(/which are RSA/)
  const endsAt = new Date('2026-03-01T00:00:00Z')
  const { certificate } = await authority('old', 'rsa', { endsAt })
  expect(() => seal(WHERE, {}, certificate, endsAt)).toThrow(/^this certificate has ended on 2026-03-01: /)
  expect(() => seal(WHERE, {}, certificate, new Date(endsAt.getTime() - 1))).not.toThrow()
})

test('a public key alone will do', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { spec } = seal(WHERE, { a: 'b' }, publicKey.export({ type: 'spki', format: 'pem' }).toString())
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  expect(opened(spec.encryptedData['a'] ?? '', 'mail/smtp', key).toString()).toBe('b')
})
