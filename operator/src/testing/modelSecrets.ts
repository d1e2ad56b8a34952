/** Secrets of one BatchSender as facts: certificates are issued, grow old and are lost, and so are keys. */
import type { CertificateFacts, SecretFacts } from '../components/snapshot.ts'
import { FULL } from './fullSpec.ts'
import { issuedSecrets, sender } from './snapshots.ts'

const DAY_MS = 86_400_000
const whole = () => issuedSecrets(sender({ spec: FULL }))

export class ModelSecrets {
  readonly facts: Map<string, SecretFacts> = whole()

  /** All but the CA end then. */
  age(notAfter: Date): void {
    for (const [name, { certificate }] of this.facts)
      if (certificate?.isCa === false) this.#certify(name, { notAfter })
  }

  lose(name: string): void {
    this.facts.delete(name)
  }

  /** As it was made at first. */
  restore(name: string): void {
    const facts = whole().get(name)
    if (facts) this.facts.set(name, facts)
  }

  issue(name: string, serial: string, now: Date, durationMs = DAY_MS): void {
    if (!this.facts.has(name)) this.restore(name)
    this.#certify(name, { serial, notBefore: now, notAfter: new Date(now.getTime() + durationMs) })
  }

  #certify(name: string, more: Partial<CertificateFacts>): void {
    const facts = this.facts.get(name)
    if (facts?.certificate) this.facts.set(name, { ...facts, certificate: { ...facts.certificate, ...more } })
  }
}
