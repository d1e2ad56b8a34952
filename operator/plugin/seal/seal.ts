/**
 * Values sealed for the controller of Sealed Secrets: whoever has its certificate can seal, only the controller can open.
 * As its pkg/crypto has it: a random key of AES-256-GCM for each value, sealed with RSA-OAEP under a label that says where
 * the value may be opened.
 */
import {
  constants,
  createCipheriv,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto'

export const SCOPES = ['strict', 'namespace-wide', 'cluster-wide'] as const
/** Where a value may be opened: under this name in this namespace, in this namespace, anywhere. */
export type Scope = (typeof SCOPES)[number]

export interface Sealed {
  readonly apiVersion: 'bitnami.com/v1alpha1'
  readonly kind: 'SealedSecret'
  readonly metadata: Metadata
  readonly spec: {
    readonly encryptedData: Readonly<Record<string, string>>
    readonly template: { readonly metadata: Metadata }
  }
}

interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly annotations?: Readonly<Record<string, string>>
}

const KEY_BYTES = 32
/** Each key is used once, so it may be always the same. */
const NONCE = Buffer.alloc(12)

/**
 * @param certificate PEM of the controller's certificate, or of its public key
 * @param values by key of the Secret
 * @throws Error that says what to give instead, when the certificate is none
 */
export function seal(
  { name, namespace, scope = 'strict' }: { name: string; namespace: string; scope?: Scope },
  values: Readonly<Record<string, string>>,
  certificate: string,
): Sealed {
  const key = publicKeyOf(certificate)
  const label = Buffer.from(labelOf(scope, namespace, name))
  const encrypted = Object.entries(values).map(([field, value]) => [field, sealValue(value, key, label)])
  const metadata: Metadata = {
    name,
    namespace,
    ...(scope !== 'strict' && { annotations: { [`sealedsecrets.bitnami.com/${scope}`]: 'true' } }),
  }
  return {
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata,
    spec: {
      encryptedData: Object.fromEntries(encrypted) as Record<string, string>,
      template: { metadata },
    },
  }
}

function labelOf(scope: Scope, namespace: string, name: string): string {
  switch (scope) {
    case 'strict':
      return `${namespace}/${name}`
    case 'namespace-wide':
      return namespace
    case 'cluster-wide':
      return ''
  }
}

function publicKeyOf(certificate: string): KeyObject {
  let key: KeyObject
  try {
    key = createPublicKey(certificate)
  } catch {
    throw new Error('this is no certificate in PEM: give what `kubeseal --fetch-cert` prints')
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error(
      'this is no certificate of Sealed Secrets, which are RSA: give what `kubeseal --fetch-cert` prints',
    )
  return key
}

function sealValue(value: string, key: KeyObject, oaepLabel: Buffer): string {
  const session = randomBytes(KEY_BYTES)
  const cipher = createCipheriv('aes-256-gcm', session, NONCE)
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const sealedKey = publicEncrypt({ key, padding, oaepHash: 'sha256', oaepLabel }, session)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(sealedKey.length)
  return Buffer.concat([length, sealedKey, text]).toString('base64')
}
