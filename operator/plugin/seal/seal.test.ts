import { constants, createDecipheriv, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { expect, test } from 'vitest'
import { seal, SCOPES } from './seal.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const WHERE = { name: 'smtp', namespace: 'mail' }

/** As the controller opens it; operator/test/sealedSecrets.test.ts has the real one. */
function opened(text: string, label: string): string {
  const bytes = Buffer.from(text, 'base64')
  const end = 2 + bytes.readUInt16BE(0)
  const session = privateDecrypt(
    {
      key: privateKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(label),
    },
    bytes.subarray(2, end),
  )
  const cipher = createDecipheriv('aes-256-gcm', session, Buffer.alloc(12))
  cipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([cipher.update(bytes.subarray(end, -16)), cipher.final()]).toString()
}

const LABELS = { strict: 'mail/smtp', 'namespace-wide': 'mail', 'cluster-wide': '' }

test.each(SCOPES)('%s: opens under its label and no other, and says so', (scope) => {
  const { metadata, spec } = seal({ ...WHERE, scope }, { password: 'pässword' }, PEM)
  const { password = '' } = spec.encryptedData
  expect(opened(password, LABELS[scope])).toBe('pässword')
  expect(() => opened(password, 'elsewhere')).toThrow()
  expect(metadata.annotations).toEqual(
    scope === 'strict' ? undefined : { [`sealedsecrets.bitnami.com/${scope}`]: 'true' },
  )
  expect(spec.template.metadata).toEqual(metadata)
})

test('the same value twice is not the same', () => {
  const text = () => seal(WHERE, { password: 'p' }, PEM).spec.encryptedData['password']
  expect(text()).not.toBe(text())
})

test('what is no certificate is told', () => {
  expect(() => seal(WHERE, {}, 'nonsense')).toThrow(/kubeseal --fetch-cert/)
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const pem = other.export({ type: 'spki', format: 'pem' }).toString()
  expect(() => seal(WHERE, {}, pem)).toThrow(/which are RSA/)
})
