/** Secrets of the operator in a rehearsal: what it would issue is as good as issued, and nothing is ever signed. Pure. */
import type { CertificateFacts, ReferenceFacts, SecretFacts } from '../../src/components/snapshot.ts'
import type { CaRequest, CertificateRequest } from '../../src/components/wishes/certificate.ts'
import type { Claim } from '../../src/runtime/ownership.ts'
import type { Outcome } from '../../src/reconcile/ports.ts'
import type { SecretContent, SecretTool } from '../../src/reconcile/tools.ts'
import { DATA_KEY } from '../../src/vocabulary/dataKey.ts'

type Identity = Parameters<SecretTool['keep']>[0]
type Make = Parameters<SecretTool['keep']>[2]

/** What a rehearsal puts in the place of a certificate: the request for it. */
const REQUEST = 'request'

export const requestAsContent = (request: CertificateRequest): SecretContent => ({
  [REQUEST]: JSON.stringify(request),
})

/** Long enough to be taken for a key. */
const MADE_UP_KEY = `k${'0'.repeat(64)}`

export class ModelSecrets {
  readonly facts: Map<string, SecretFacts>
  readonly #references: (name: string) => ReferenceFacts | undefined
  #issued = 0

  /** @param references the user's Secrets, one of which may be the authority */
  constructor(
    facts: ReadonlyMap<string, SecretFacts>,
    references: (name: string) => ReferenceFacts | undefined,
  ) {
    this.facts = new Map(facts)
    this.#references = references
  }

  /** A key that is held is never shown, and so stands as one that is good. */
  heldIn(name: string): SecretContent | undefined {
    const facts = this.facts.get(name)
    if (!facts) return undefined
    return Object.fromEntries(facts.keys.map((key) => [key, MADE_UP_KEY]))
  }

  async keep(identity: Identity, { name: sender, uid }: Claim, make: Make, now: Date): Promise<Outcome> {
    const what = `Secret ${identity.name}`
    const held = this.facts.get(identity.name)
    if (held && isForeign(held, sender, uid))
      return { state: 'foreign', what, holder: 'somebody else', orphaned: false }
    const content = await make(this.heldIn(identity.name))
    const owner = identity.owned ? { controllerUid: uid } : { retainedFor: sender }
    const isAsWished = held?.controllerUid === (identity.owned ? uid : undefined)
    if (!content && isAsWished) return { state: 'unchanged' }
    const made = content ? this.#factsOf(content, held, now) : undefined
    this.facts.set(identity.name, { ...withoutOwner(held), ...made, deleting: false, ...owner })
    return { state: 'done', change: held ? 'updated' : 'created', what }
  }

  #factsOf(
    content: SecretContent,
    held: SecretFacts | undefined,
    now: Date,
  ): Partial<SecretFacts> & Pick<SecretFacts, 'keys'> {
    const text = content[REQUEST]
    if (text === undefined)
      return {
        keys: Object.keys(content).sort(),
        ...(DATA_KEY in content && { dataKey: { id: this.#keyId() } }),
      }
    this.#issued += 1
    const certificate = this.#certificate(JSON.parse(text) as CertificateRequest, held?.certificate, now)
    return { keys: ['ca.crt', 'tls.crt', 'tls.key'], certificate }
  }

  /** The copies of one key are of one id. */
  #keyId(): string {
    const known = [...this.facts.values()].find(({ dataKey }) => dataKey !== undefined)
    return known?.dataKey?.id ?? 'a new key'
  }

  #certificate(request: CertificateRequest, held: CertificateFacts | undefined, now: Date): CertificateFacts {
    const made = `new ${this.#issued}`
    if (request.role === 'ca') return authority(request, held, made, now)
    const issuer = this.#issuer(request.issuerSecret)
    const trusted = issuer ?? { trusts: [], trustedKeys: [] }
    if (request.role === 'trust') return { ...base('', made, 0, now), ...held, ...joined(held, trusted) }
    const keepsTrust = held?.issuerKeyHash !== issuer?.keyHash && request.keepsTrust !== false
    return {
      ...base(request.commonName, made, request.durationMs, now),
      dnsNames: request.dnsNames,
      usages: request.usages,
      ...(issuer && { issuerKeyHash: issuer.keyHash }),
      ...joined(keepsTrust ? held : undefined, trusted),
    }
  }

  #issuer(name: string): CertificateFacts | undefined {
    const ofUser = this.#references(name)
    return this.facts.get(name)?.certificate ?? (ofUser?.found === true ? ofUser.certificate : undefined)
  }
}

function isForeign({ controllerUid, retainedFor }: SecretFacts, sender: string, uid: string): boolean {
  return controllerUid === undefined ? retainedFor !== sender : controllerUid !== uid
}

type Trust = Pick<CertificateFacts, 'trusts' | 'trustedKeys'>

function joined(held: Trust | undefined, more: Trust): Trust {
  const both = (field: keyof Trust) => [...new Set([...(held?.[field] ?? []), ...more[field]])].sort()
  return { trusts: both('trusts'), trustedKeys: both('trustedKeys') }
}

function withoutOwner(held: SecretFacts | undefined): SecretFacts {
  if (!held) return { keys: [], deleting: false }
  const { controllerUid, retainedFor, ...facts } = held
  return controllerUid === undefined && retainedFor === undefined ? held : facts
}

/** One that is renewed keeps its key. */
function authority(
  { commonName, durationMs }: CaRequest,
  held: CertificateFacts | undefined,
  made: string,
  now: Date,
): CertificateFacts {
  const keyHash = held?.isCa === true && held.keyMatches ? held.keyHash : made
  const facts = base(commonName, made, durationMs, now)
  return { ...facts, keyHash, isCa: true, trusts: [made], trustedKeys: [keyHash] }
}

function base(subject: string, made: string, durationMs: number, now: Date): CertificateFacts {
  return {
    ...{ serial: made, subject, keyHash: made, keyMatches: true, isCa: false },
    notBefore: now,
    notAfter: new Date(now.getTime() + durationMs),
    ...{ dnsNames: [], usages: [], trusts: [], trustedKeys: [] },
  }
}
