/** Proves that every certificate on the way to NATS was renewed while there was time: the operator's, and those of the user. */
import type { Check, Proof } from './check.ts'
import { certificatesInUse, firstToEnd } from '../components/parts/certificatesInUse.ts'
import { instantOf } from '../components/parts/instants.ts'
import { renewalLateSeconds } from '../components/parts/thresholds.ts'

export const certificatesCurrent: Check = {
  name: 'certificates-current',

  prove(snapshot): Proof {
    const { spec } = snapshot.sender
    if (spec.nats.external && !spec.nats.external.tlsSecretRef)
      return {
        state: 'NotConfigured',
        message: 'spec.nats.external.tlsSecretRef is not set: no certificate is shown',
      }
    const first = firstToEnd(certificatesInUse(snapshot))
    if (!first) return { state: 'Unknown', message: 'no certificate of NATS is there yet' }
    const { secret, role, isOurs, certificate } = first
    const leftMs = certificate.notAfter.getTime() - snapshot.now.getTime()
    const lateMs = renewalLateSeconds(spec) * 1_000
    if (leftMs > lateMs)
      return {
        state: 'Proven',
        message: `the first certificate to end does so at ${instantOf(certificate.notAfter)}, in Secret ${secret}`,
        lookAgainMs: leftMs - lateMs,
      }
    const what = role === 'ca' ? 'the CA' : 'the certificate'
    const advice = isOurs ? 'it was not renewed, and NatsTLSReady says why' : 'put its successor there'
    const verb = leftMs > 0 ? 'ends' : 'ended'
    return {
      state: 'Failing',
      message: `${what} in Secret ${secret} ${verb} at ${instantOf(certificate.notAfter)}: ${advice}`,
    }
  },
}
