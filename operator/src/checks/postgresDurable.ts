/** Proves that PostgreSQL keeps what it has told of: mails that it forgets are sent again. */
import type { Check } from './check.ts'
import type { WorkerSeen } from '../components/worker/seen.ts'
import { isStale } from '../components/parts/evidence.ts'
import { lastProof } from './lastProof.ts'

type WorkerReached = Extract<WorkerSeen, { readonly reached: true }>

export const postgresDurable: Check = {
  name: 'postgres-durable',

  prove(snapshot) {
    const { sender, evidence } = snapshot
    const sighting = evidence.workerEvidence
    if (!sighting)
      return lastProof(sender, 'postgres-durable') ?? { state: 'Unknown', message: 'no worker was asked yet' }
    const { seen } = sighting
    if (!seen.reached || isStale(sighting, snapshot))
      return { state: 'Unknown', message: 'no worker tells how PostgreSQL is set up' }
    const { fsync, synchronousCommit } = seen
    if (fsync === undefined || synchronousCommit === undefined)
      return { state: 'Unknown', message: 'the worker may not see fsync or synchronous_commit of PostgreSQL' }
    const faults = faultsOf(seen)
    if (faults.length > 0) return { state: 'Failing', message: faults.join('; ') }
    return { state: 'Proven', message: `fsync is ${fsync}, synchronous_commit is ${synchronousCommit}` }
  },
}

function faultsOf({
  fsync,
  synchronousCommit,
  fullPageWrites,
  unloggedTables,
}: WorkerReached): readonly string[] {
  return [
    ...(fsync === 'off' ? ['fsync is off: a crash of the machine loses anything'] : []),
    ...(synchronousCommit === 'off' ? ['synchronous_commit is off: a crash loses the last results'] : []),
    ...(fullPageWrites === 'off'
      ? ['full_page_writes is off: a crash of the machine may spoil what is stored']
      : []),
    ...(unloggedTables === undefined
      ? []
      : [`${unloggedTables} of the tables are UNLOGGED: a crash empties them`]),
  ]
}
