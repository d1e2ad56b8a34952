/** The request that retention begins with, signed as AWS asks for (Signature Version 4): a listing of the backups. */
import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { WantedLogins } from '../components/parts/logins.ts'

type Source = ArrayBufferView | ArrayBuffer | string

/** What the signer hashes with: node's own, or HMAC where there is a key. */
class Sha256 {
  readonly #sum: ReturnType<typeof createHash> | ReturnType<typeof createHmac>

  constructor(key?: Source) {
    this.#sum = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key))
  }

  update(chunk: Source): void {
    this.#sum.update(bytesOf(chunk))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#sum.digest())
  }

  reset(): void {
    throw new Error('sums are made once')
  }
}

function bytesOf(source: Source): Uint8Array {
  if (typeof source === 'string') return Buffer.from(source)
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
}

/** @returns address and headers of a GET for at most one object */
export async function signedListing(
  { endpoint, bucket, region = 'us-east-1', prefix = '' }: NonNullable<WantedLogins['bucket']>,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<{ readonly url: string; readonly headers: Readonly<Record<string, string>> }> {
  const url = new URL(endpoint)
  const query = { 'list-type': '2', 'max-keys': '1', prefix }
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256: Sha256, uriEscapePath: false })
  const path = `/${bucket}`
  const signed = await signer.sign({
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    path,
    query,
    headers: { host: url.host },
  })
  // Spaces are encoded as they were signed.
  const search = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join('='))
  return { url: `${url.origin}${path}?${search.join('&')}`, headers: signed.headers }
}
