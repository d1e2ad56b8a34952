/** NATS, one's own or that of others. */
import type { Sender } from '../snapshot.ts'
import type { Connection } from './connection.ts'
import { workQueueNames } from '../../../../crds/workQueue.ts'
import { addressOf } from '../parts/addresses.ts'
import { CLIENT_PORT, natsSecrets, natsServers } from '../parts/natsTopology.ts'
import { reference, ROOT, secretVolume } from './connection.ts'

export const nats: Connection = {
  references: ({ nats: { external, managed, tls } }) => [
    ...reference('spec.nats.external.tlsSecretRef', external?.tlsSecretRef, ['tls.crt', 'tls.key', 'ca.crt']),
    ...reference('spec.nats.tls.issuerSecretRef', managed && tls?.issuerSecretRef, ['tls.crt', 'tls.key']),
  ],
  settings: ({ sender, installation }) => {
    const queue = workQueueNames(sender.namespace, sender.name)
    return {
      natsServers: [...natsServers(sender, installation)],
      ...(tlsSecret(sender) !== undefined && { natsTlsDir: `${ROOT}/nats` }),
      natsStream: queue.stream,
      natsSubject: queue.subject,
      natsConsumer: queue.consumer,
    }
  },
  files: (sender) => {
    const name = tlsSecret(sender)
    return name === undefined ? [] : [secretVolume('nats', name)]
  },
  way: {
    destination: 'nats',
    dialledBy: ['worker'],
    addresses: ({ spec }) =>
      (spec.nats.external?.servers ?? []).map((server) => addressOf(server, CLIENT_PORT)),
  },
}

function tlsSecret(sender: Sender): string | undefined {
  const { external } = sender.spec.nats
  return external ? external.tlsSecretRef?.name : natsSecrets(sender).worker
}
