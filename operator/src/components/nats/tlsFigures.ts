/** Figures in the status: what certificates of NATS say, and what its nodes serve. */
import type { Figures } from '../component.ts'
import type { CertificateInUse } from '../parts/certificatesInUse.ts'
import type { Snapshot } from '../snapshot.ts'
import { certificatesInUse, firstToEnd } from '../parts/certificatesInUse.ts'
import { instantOf } from '../parts/instants.ts'
import { natsNodes, natsSecrets } from '../parts/natsTopology.ts'

/** What a handshake shows; before there is one, what was seen last stands. */
export function natsTlsFigures(snapshot: Snapshot): Figures {
  const { sender, secrets, evidence } = snapshot
  const inUse = certificatesInUse(snapshot)
  const endOf = (role: CertificateInUse['role']) =>
    firstToEnd(inUse.filter((one) => one.role === role))?.certificate.notAfter
  const [leafEnd, caEnd] = [endOf('leaf'), endOf('ca')]
  const ends = {
    ...(leafEnd && { expiresAt: instantOf(leafEnd) }),
    ...(caEnd && { caExpiresAt: instantOf(caEnd) }),
  }
  if (!sender.spec.nats.managed) return leafEnd ? { natsTls: ends } : {}
  const server = secrets.get(natsSecrets(sender).server)?.certificate
  const seen = evidence.natsHandshake?.seen.nodes
  const nodes = natsNodes(sender).map((name) => {
    const servedSerial = seen
      ? seen.find((node) => node.name === name)?.servedSerial
      : sender.status.evidence?.natsTls?.nodes?.find((node) => node.name === name)?.servedSerial
    return { name, ...(servedSerial !== undefined && { servedSerial }) }
  })
  return {
    natsTls: {
      ...(server && { serverSerial: server.serial }),
      ...ends,
      nodes,
    },
  }
}
