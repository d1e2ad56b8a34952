/** When certificates are renewed. Pure. */
import type { CertificateFacts, Snapshot } from '../snapshot.ts'
import { parseDurationMs } from './durations.ts'

type Window = 'duration' | 'renewBefore' | 'caDuration'

export function windowOf({ sender }: Pick<Snapshot, 'sender'>, field: Window): number {
  const standard = { duration: '2160h', renewBefore: '720h', caDuration: '43800h' } as const
  return parseDurationMs(sender.spec.nats.tls?.[field] ?? standard[field])
}

/** How long before its end each is renewed; the CA before any leaf would have to outlive it. */
export function renewalWindows(snapshot: Pick<Snapshot, 'sender'>) {
  return { ca: windowOf(snapshot, 'duration'), leaf: windowOf(snapshot, 'renewBefore') }
}

/** However much earlier is asked for, each serves for a third of its life: no renewal could last longer. */
export function renewalAt({ notBefore, notAfter }: CertificateFacts, windowMs: number): Date {
  const lifeMs = notAfter.getTime() - notBefore.getTime()
  return new Date(notAfter.getTime() - Math.min(windowMs, (lifeMs * 2) / 3))
}

export function isDue(certificate: CertificateFacts, windowMs: number, now: Date): boolean {
  return renewalAt(certificate, windowMs) <= now
}

export function hasEnded({ notAfter }: CertificateFacts, now: Date): boolean {
  return notAfter <= now
}
