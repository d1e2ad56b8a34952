/** Figures in the status: what certificates of NATS say, and what its nodes serve. */
import type { Figures } from '../component.ts'
import type { Snapshot } from '../snapshot.ts'
import { instantOf } from '../parts/instants.ts'
import { natsNodes, natsSecrets } from '../parts/natsTopology.ts'

/** What a handshake shows; before there is one, what was seen last stands. */
export function natsTlsFigures({ sender, secrets, evidence }: Snapshot): Figures {
  if (!sender.spec.nats.managed) return {}
  const names = natsSecrets(sender)
  const certificateOf = (name: string) => secrets.get(name)?.certificate
  const ends = [names.server, names.worker, names.operator, names.system].flatMap(
    (name) => certificateOf(name)?.notAfter ?? [],
  )
  const server = certificateOf(names.server)
  const ca = certificateOf(names.ca)
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
      ...(ends.length > 0 && {
        expiresAt: instantOf(new Date(Math.min(...ends.map((end) => end.getTime())))),
      }),
      ...(ca && { caExpiresAt: instantOf(ca.notAfter) }),
      nodes,
    },
  }
}
