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
  X509Certificate,
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
    /** What the Secret is to be beside its values. */
    readonly template: {
      readonly metadata: Metadata
      readonly type?: string
      readonly immutable?: boolean
    }
  }
}

type Texts = Readonly<Record<string, string>>

interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly labels?: Texts
  readonly annotations?: Texts
}

/** A Secret but for its values. */
export interface Wanted {
  readonly name: string
  readonly namespace: string
  /** `strict` when left out. */
  readonly scope?: Scope
  readonly labels?: Texts
  readonly annotations?: Texts
  readonly type?: string
  readonly immutable?: boolean
}

const BEGIN_CERTIFICATE = '-----BEGIN CERTIFICATE-----'
const KEY_BYTES = 32
/** Each key is used once, so it may be always the same. */
const NONCE = Buffer.alloc(12)

/** The annotation by which the controller knows the scope, where it is not the strict one. */
export const annotationOf = (scope: Scope): string => `sealedsecrets.bitnami.com/${scope}`

/**
 * @param certificate PEM of the controller's certificate, or of its public key
 * @param values by key of the Secret; text is sealed as UTF-8
 * @throws Error that says what to give instead, when the certificate is none or has ended
 */
export function seal(
  { name, namespace, scope = 'strict', labels, annotations, type, immutable }: Wanted,
  values: Readonly<Record<string, string | Uint8Array>>,
  certificate: string,
  now = new Date(),
): Sealed {
  const key = publicKeyOf(certificate, now)
  const label = Buffer.from(labelOf(scope, namespace, name))
  const encrypted = Object.entries(values).map(([field, value]) => [field, sealValue(value, key, label)])
  const scoped = scope === 'strict' ? {} : { [annotationOf(scope)]: 'true' }
  return {
    apiVersion: 'bitnami.com/v1alpha1',
    kind: 'SealedSecret',
    metadata: { name, namespace, ...unlessEmpty('annotations', scoped) },
    spec: {
      encryptedData: Object.fromEntries(encrypted) as Record<string, string>,
      template: {
        metadata: {
          name,
          namespace,
          ...unlessEmpty('labels', labels),
          ...unlessEmpty('annotations', { ...annotations, ...scoped }),
        },
        ...(type !== undefined && { type }),
        ...(immutable !== undefined && { immutable }),
      },
    },
  }
}

const unlessEmpty = (field: 'labels' | 'annotations', texts: Texts = {}) =>
  Object.keys(texts).length === 0 ? {} : { [field]: texts }

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

function publicKeyOf(certificate: string, now: Date): KeyObject {
  let key: KeyObject
  let end: Date | undefined
  try {
    key = createPublicKey(certificate)
    end = certificate.includes(BEGIN_CERTIFICATE) ? new X509Certificate(certificate).validToDate : undefined
  } catch {
    throw new Error('this is no certificate in PEM: give what `kubeseal --fetch-cert` prints')
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error(
      'this is no certificate of Sealed Secrets, which are RSA: give what `kubeseal --fetch-cert` prints',
    )
  // Whoever has kept it for so long has missed many newer ones, and the key of this one may be known by now.
  if (end !== undefined && end <= now)
    throw new Error(
      `this certificate has ended on ${end.toISOString().slice(0, 10)}: give what \`kubeseal --fetch-cert\` prints now`,
    )
  return key
}

function sealValue(value: string | Uint8Array, key: KeyObject, oaepLabel: Buffer): string {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  const session = randomBytes(KEY_BYTES)
  const cipher = createCipheriv('aes-256-gcm', session, NONCE)
  const text = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const sealedKey = publicEncrypt({ key, padding, oaepHash: 'sha256', oaepLabel }, session)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(sealedKey.length)
  return Buffer.concat([length, sealedKey, text]).toString('base64')
}
