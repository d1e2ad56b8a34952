/** The other half of Sealed Secrets, as its controller opens what was sealed for it; for tests. */
import { constants, createDecipheriv, privateDecrypt } from 'node:crypto'

/**
 * @param sealed of `spec.encryptedData`
 * @param label where it may be opened: `namespace/name`, `namespace` or nothing
 * @param privateKey PEM
 */
export function opened(sealed: string, label: string, privateKey: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64')
  const end = 2 + bytes.readUInt16BE(0)
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const session = privateDecrypt(
    { key: privateKey, padding, oaepHash: 'sha256', oaepLabel: Buffer.from(label) },
    bytes.subarray(2, end),
  )
  const cipher = createDecipheriv('aes-256-gcm', session, Buffer.alloc(12))
  cipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([cipher.update(bytes.subarray(end, -16)), cipher.final()])
}
