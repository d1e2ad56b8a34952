/** Which observers look at a BatchSender, and where they look: the composition of main.ts for them. */
import type { LookupFunction } from 'node:net'
import type { Installation, Sender } from './components/snapshot.ts'
import type { Clickhouse } from './adapters/clickhouse.ts'
import type { Nats } from './adapters/nats.ts'
import type { AnyObserver } from './observers/watchman.ts'
import { lookAtWorker } from './adapters/workerEvidence.ts'
import { archiveExpression, BACKUP_TABLES, DATA_TABLES } from '../../crds/clickhouseTables.ts'
import { consumerConfig, streamConfig, workQueueNames } from '../../crds/workQueue.ts'
import { queueReplicas } from './components/nats/nats.ts'
import { backupWish } from './components/backup/wish.ts'
import { childName } from './components/parts/labels.ts'
import { INTERNAL_PORT } from './components/worker/environment.ts'
import { archiveWish } from './components/parts/clickhouse.ts'
import { nodeAddresses, operatorAccess } from './components/parts/natsTopology.ts'
import { policyProbes } from './components/networkPolicy/probes.ts'
import { policyProbe } from './observers/policyProbe.ts'
import { clickhouse } from './observers/clickhouse.ts'
import { jetstream } from './observers/jetstream.ts'
import { natsHandshake } from './observers/natsHandshake.ts'
import { workerEvidence } from './observers/workerEvidence.ts'

export interface Observing {
  readonly installation: Installation
  readonly nats: Nats
  readonly clickhouse: Clickhouse
  /** Serial of the certificate that NATS should serve; `undefined` before it is issued. */
  readonly issuedSerial: (sender: Sender) => string | undefined
  /** How names of servers become addresses. */
  readonly lookup: LookupFunction
}

export function observersOf(from: Observing): readonly AnyObserver[] {
  return [handshakes(from), queue(from), archive(from), policies(from), workers(from)]
}

function handshakes({ installation, issuedSerial, lookup }: Observing): AnyObserver {
  return natsHandshake({ addresses: (sender) => nodeAddresses(sender, installation), issuedSerial, lookup })
}

function policies({ installation, lookup }: Observing): AnyObserver {
  return policyProbe((sender) => policyProbes(sender, installation), lookup)
}

/** Their Service leads to one of them. */
function workers({ installation, lookup }: Observing): AnyObserver {
  return workerEvidence((sender, signal) => {
    const host = `${childName(sender, 'worker')}.${sender.namespace}.svc.${installation.clusterDomain}`
    return lookAtWorker({ host, port: INTERNAL_PORT }, lookup, signal)
  })
}

function queue({ installation, nats, issuedSerial }: Observing): AnyObserver {
  return jetstream({
    target: (sender) => {
      if (sender.spec.nats.managed && issuedSerial(sender) === undefined) return undefined
      const names = workQueueNames(sender.namespace, sender.name)
      return {
        access: operatorAccess(sender, installation),
        stream: streamConfig(names, queueReplicas({ sender })),
        consumer: consumerConfig(names),
      }
    },
    look: (namespace, { access, ...wanted }, signal) =>
      nats.lookAtQueue({ namespace, access }, wanted, signal),
  })
}

function archive({ clickhouse: server }: Observing): AnyObserver {
  return clickhouse({
    target: (sender) => {
      const wish = archiveWish(sender)
      const backups = backupWish(sender)
      const { access, database } = wish ?? backups ?? {}
      if (!access || database === undefined) return undefined
      const { disk = '', afterDays = 0 } = wish ?? {}
      const expression = archiveExpression(afterDays)
      const tables = [...DATA_TABLES, ...(backups ? BACKUP_TABLES : [])]
      return { namespace: sender.namespace, access, database, disk, tables, expression }
    },
    look: (target, signal) => server.look(target, signal),
  })
}
