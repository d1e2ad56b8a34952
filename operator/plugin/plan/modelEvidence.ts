/** What observers would see in a rehearsal: NATS shows and runs what it should. Of servers that cannot be asked from here nothing is seen. Pure. */
import type { Evidence, Installation, SecretFacts, Sender } from '../../src/components/snapshot.ts'
import { wishedConfiguration } from '../../src/components/nats/template.ts'
import { natsNodes, natsSecrets } from '../../src/components/parts/natsTopology.ts'

export function healthyEvidence(
  sender: Sender,
  installation: Installation,
  secrets: ReadonlyMap<string, SecretFacts>,
  now: Date,
): Evidence {
  const issued = secrets.get(natsSecrets(sender).server)?.certificate
  const nodes = natsNodes(sender)
  return {
    natsHandshake: {
      lookedAt: now,
      seen: {
        nodes: nodes.map((name) => ({
          name,
          refusesPlain: true,
          refusesAnonymous: true,
          ...(issued && { servedSerial: issued.serial, servedKeyHash: issued.keyHash }),
        })),
      },
    },
    natsConfiguration: {
      lookedAt: now,
      seen: {
        wished: wishedConfiguration(sender, installation),
        nodes: nodes.map((name) => ({ name, isWished: true })),
      },
    },
    jetstream: {
      lookedAt: now,
      seen: { reached: true, stream: { exists: true, differs: [] }, consumer: { exists: true, differs: [] } },
    },
  }
}
