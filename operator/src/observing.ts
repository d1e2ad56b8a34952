/** Which observers look at a BatchSender, and where they look: the composition of main.ts for them. */
import type { LookupFunction } from 'node:net'
import type { NatsAddress } from './components/parts/natsAccess.ts'
import type { Installation, Sender } from './components/snapshot.ts'
import type { Clients } from './clients.ts'
import type { AnyObserver } from './observers/watchman.ts'
import { mailLimits } from './components/parts/thresholds.ts'
import { lookAtWorker } from './adapters/workerEvidence.ts'
import { archiveExpression, BACKUP_TABLES, DATA_TABLES } from '../../crds/clickhouseTables.ts'
import { consumerConfig, streamConfig, workQueueNames } from '../../crds/workQueue.ts'
import { queueReplicas } from './components/nats/nats.ts'
import { backupWish } from './components/backup/wish.ts'
import { childName } from './components/parts/labels.ts'
import { INTERNAL_PORT } from './components/parts/ports.ts'
import { archiveWish } from './components/parts/clickhouse.ts'
import { wantedLogins } from './components/parts/logins.ts'
import { showsLoss } from './components/parts/dataLoss.ts'
import { natsSecrets, nodeAddresses, operatorAccess } from './components/parts/natsTopology.ts'
import { policyProbes } from './components/networkPolicy/probes.ts'
import { policyProbe } from './observers/policyProbe.ts'
import { backups } from './observers/backups.ts'
import { clickhouse } from './observers/clickhouse.ts'
import { jetstream } from './observers/jetstream.ts'
import { logins } from './observers/logins.ts'
import { DATA_KEY_VARIABLE, natsSettings, NODE_VARIABLE } from './components/nats/configuration.ts'
import { dataKeySecrets } from './components/nats/dataKey.ts'
import { wishedConfiguration } from './components/nats/template.ts'
import { natsConfiguration } from './observers/natsConfiguration.ts'
import { natsHandshake, type IssuedCertificate } from './observers/natsHandshake.ts'
import { workerEvidence } from './observers/workerEvidence.ts'

export interface Observing {
  readonly installation: Installation
  readonly clients: Clients
  /** The certificate that NATS should serve; `undefined` before it is issued. */
  readonly issued: (sender: Sender) => IssuedCertificate | undefined
  /** How names of servers become addresses. */
  readonly lookup: LookupFunction
}

export function observersOf(from: Observing): readonly AnyObserver[] {
  const ofNats = [handshakes(from), configurations(from), queue(from)]
  return [...ofNats, archive(from), stored(from), loggedIn(from), policies(from), workers(from)]
}

function handshakes({ installation, issued, lookup }: Observing): AnyObserver {
  return natsHandshake({ addresses: (sender) => nodeAddresses(sender, installation), issued, lookup })
}

function configurations({ installation, clients, issued }: Observing): AnyObserver {
  return natsConfiguration({
    target: (sender) => {
      const nodes = nodeAddresses(sender, installation)
      if (nodes.length === 0 || issued(sender) === undefined) return undefined
      return { wished: wishedConfiguration(sender, installation), nodes }
    },
    look: (sender, nodes, signal) => {
      const isEncrypted = sender.spec.nats.managed?.encryption?.enabled === true
      const dataKey = { variable: DATA_KEY_VARIABLE, secret: dataKeySecrets(sender).first }
      const wished = {
        systemSecret: natsSecrets(sender).system,
        settings: natsSettings(sender, installation),
        variablesOf: ({ node }: NatsAddress) => ({ [NODE_VARIABLE]: node }),
        ...(isEncrypted && { dataKey }),
      }
      return clients.nats.lookAtConfigurations(nodes, wished, sender.namespace, signal)
    },
  })
}

function loggedIn({ clients }: Observing): AnyObserver {
  return logins({
    wanted: wantedLogins,
    look: (namespace, wanted, signal) => clients.logins.look(namespace, wanted, signal),
  })
}

function policies({ installation, lookup }: Observing): AnyObserver {
  return policyProbe((sender) => policyProbes(sender, installation), lookup)
}

/** Their Service leads to one of them. */
function workers({ installation, lookup }: Observing): AnyObserver {
  return workerEvidence((sender, signal) => {
    const host = `${childName(sender, 'worker')}.${sender.namespace}.svc.${installation.clusterDomain}`
    return lookAtWorker({ host, port: INTERNAL_PORT, limits: mailLimits(sender.spec) }, lookup, signal)
  })
}

function queue({ installation, clients, issued }: Observing): AnyObserver {
  return jetstream({
    target: (sender) => {
      if (sender.spec.nats.managed && issued(sender) === undefined) return undefined
      const names = workQueueNames(sender.namespace, sender.name)
      return {
        access: operatorAccess(sender, installation),
        stream: streamConfig(names, queueReplicas({ sender })),
        consumer: consumerConfig(names),
      }
    },
    look: (namespace, { access, ...wanted }, signal) =>
      clients.nats.lookAtQueue({ namespace, access }, wanted, signal),
  })
}

function archive({ clients }: Observing): AnyObserver {
  return clickhouse({
    target: (sender) => {
      const wish = archiveWish(sender)
      const backupsToo = backupWish(sender)
      const { access, database } = wish ?? backupsToo ?? {}
      if (!access || database === undefined) return undefined
      const { disk = '', afterDays = 0 } = wish ?? {}
      const expression = archiveExpression(afterDays)
      const tables = [...DATA_TABLES, ...(backupsToo ? BACKUP_TABLES : [])]
      return { namespace: sender.namespace, access, database, disk, tables, expression }
    },
    look: (target, signal) => clients.clickhouse.look(target, signal),
    isLess: (sender, seen) => showsLoss(sender, seen, new Date()),
  })
}

function stored({ clients }: Observing): AnyObserver {
  return backups({
    target: (sender) => {
      const wish = backupWish(sender)
      if (!wish) return undefined
      const { access, database, collection } = wish
      const { last, lastFull, verified, kept } = sender.status.evidence?.backup ?? {}
      const remembered = [last, lastFull, verified, kept].flatMap((backup) => backup?.name ?? [])
      return { namespace: sender.namespace, access, database, collection, remembered }
    },
    look: (target, signal) => clients.clickhouse.lookAtBackups(target, signal),
  })
}
