/** Certificates from the authorities in Secrets: a private key is read for one signature and forgotten. */
import type { AuthorityTool, SecretContent } from '../reconcile/tools.ts'
import type { CertificateRequest } from '../components/wishes/certificate.ts'
import type { Issuer } from './certificateAuthority.ts'
import { Waiting } from '../runtime/errors.ts'
import { makeCa, makeLeaf, trustOf } from './certificateAuthority.ts'
import { certificateFacts } from './certificateFacts.ts'
import { parseKey } from './trust.ts'

type Read = (namespace: string, name: string, signal: AbortSignal) => Promise<SecretContent | undefined>

export class Authority implements AuthorityTool {
  readonly #read: Read
  readonly #now: () => Date

  /** @param read what a Secret holds */
  constructor(read: Read, now: () => Date) {
    this.#read = read
    this.#now = now
  }

  async certify(
    request: CertificateRequest,
    namespace: string,
    content: SecretContent | undefined,
    signal: AbortSignal,
  ): Promise<SecretContent> {
    const now = this.#now()
    if (request.role === 'ca') return makeCa(request, now, reusableKey(content))
    const issuer = await this.#issuer(namespace, request.issuerSecret, signal)
    const held = (name: string) => content?.[name] ?? ''
    const [certificate, key, trusted] = [held('tls.crt'), held('tls.key'), held('ca.crt')]
    if (request.role === 'trust')
      return { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': trustOf(issuer, now, trusted) }
    // Those who have not heard of another CA yet show certificates of the one before.
    const signer = certificateFacts(certificate, key, trusted)?.issuerKeyHash
    const isOther = signer !== certificateFacts(issuer.certificate, undefined, undefined)?.keyHash
    const keepsTrust = isOther && request.keepsTrust !== false
    return makeLeaf(request, issuer, now, keepsTrust ? trusted : '')
  }

  async #issuer(namespace: string, name: string, signal: AbortSignal): Promise<Issuer> {
    const content = await this.#read(namespace, name, signal)
    const { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': roots } = content ?? {}
    if (certificate === undefined || key === undefined) throw new Waiting(`Secret ${name} has no CA`, 1_000)
    return { certificate, key, ...(roots !== undefined && { roots }) }
  }
}

/** The key of a CA that is only renewed; a broken one is not worth keeping, and one that we did not make cannot be. */
function reusableKey(content: SecretContent | undefined): string | undefined {
  const { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': roots } = content ?? {}
  const facts = certificateFacts(certificate, key, roots)
  const isOurs = parseKey(key)?.asymmetricKeyDetails?.namedCurve === 'prime256v1'
  return facts?.isCa === true && facts.keyMatches && isOurs ? key : undefined
}
