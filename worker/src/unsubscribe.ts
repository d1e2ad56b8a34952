/** Links to unsubscribe by: a recipient and a batch, sealed under a key that only the workers have. */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parseAddress, spelledBefore } from './domain/address.ts'
import { mounted } from './runtime/mounted.ts'

export interface Subscription {
  readonly batchId: string
  /** Folded, however it is sealed: links outlive the workers that made them. */
  readonly addressNorm: string
  /** As it was sealed. */
  readonly spelled: string
}

export interface UnsubscribeLinks {
  /** The same for the same recipient at every attempt. */
  readonly urlFor: (batchId: string, address: string) => string
  /** @returns undefined for what was not sealed under one of the keys. */
  readonly open: (token: string) => Subscription | undefined
  close(): void
}

export interface UnsubscribeOptions {
  /** Where the workers are reached from outside, such as `https://mail.example.com`. */
  readonly baseUrl: string
  /** One key on each line: the first one seals, all of them open. */
  readonly keyFile: string
  /** Told once of a file that cannot be used; the keys read last stay in force. */
  readonly onError: (error: unknown) => void
}

interface Keys {
  readonly seal: Buffer
  readonly nonce: Buffer
}

const SHORTEST_KEY = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const ID_BYTES = 16
const TOKEN = /^[A-Za-z0-9_-]{40,500}$/

/** @throws Error when there is no usable key at the start. */
export async function openUnsubscribeLinks(options: UnsubscribeOptions): Promise<UnsubscribeLinks> {
  const keys = await mounted({ read: () => readKeys(options.keyFile), onError: options.onError })
  const base = options.baseUrl.replace(/\/+$/, '')
  return {
    urlFor: (batchId, address) => `${base}/u/${seal(keys.current()[0], batchId, address)}`,
    open: (token) => {
      if (!TOKEN.test(token)) return undefined
      const sealed = Buffer.from(token, 'base64url')
      if (sealed.toString('base64url') !== token) return undefined
      for (const each of keys.current()) {
        const opened = unseal(each, sealed)
        if (opened !== undefined) return opened
      }
      return undefined
    },
    close: keys.close,
  }
}

async function readKeys(file: string): Promise<readonly [Keys, ...Keys[]]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
  const [first, ...others] = lines.filter((line) => line !== '')
  if (first === undefined || [first, ...others].some((line) => line.length < SHORTEST_KEY))
    throw new Error(`a key to unsubscribe by needs at least ${SHORTEST_KEY} characters on each line`)
  return [keysOf(first), ...others.map(keysOf)]
}

function keysOf(secret: string): Keys {
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', `batchsender unsubscribe ${purpose}`, 32))
  return { seal: derive('seal'), nonce: derive('nonce') }
}

/**
 * AES-256-GCM. The nonce is a keyed hash of the content, so that another attempt gives the same mail: equal nonces are
 * for equal contents. So is the spelling, as older workers seal it: one of them may have made the attempt before.
 */
function seal({ seal: key, nonce: nonceKey }: Keys, batchId: string, address: string): string {
  const parsed = parseAddress(address)
  const content = Buffer.concat([
    Buffer.from(batchId.replaceAll('-', ''), 'hex'),
    Buffer.from(parsed.ok ? spelledBefore(parsed.mailbox.address) : address),
  ])
  const nonce = createHmac('sha256', nonceKey).update(content).digest().subarray(0, NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = [nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64url')
}

function unseal({ seal: key }: Keys, sealed: Buffer): Subscription | undefined {
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    const content = Buffer.concat([cipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), cipher.final()])
    const id = content.subarray(0, ID_BYTES).toString('hex')
    const batchId = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    const spelled = content.subarray(ID_BYTES).toString()
    return { batchId, addressNorm: spelled.toLowerCase(), spelled }
  } catch {
    return undefined
  }
}
