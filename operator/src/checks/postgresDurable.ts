/** Proves that PostgreSQL keeps what it has told of: mails that it forgets are sent again. */
import type { Check, Proof } from './check.ts'
import type { WorkerReached } from '../components/worker/seen.ts'
import { askedWorkers } from './askedWorkers.ts'

export const postgresDurable: Check = {
  name: 'postgres-durable',

  prove(snapshot) {
    return askedWorkers(snapshot, this.name, 'no worker tells how PostgreSQL is set up', judge)
  },
}

function judge(seen: WorkerReached): Proof {
  const { fsync, synchronousCommit } = seen
  if (fsync === undefined || synchronousCommit === undefined)
    return { state: 'Unknown', message: 'the worker may not see fsync or synchronous_commit of PostgreSQL' }
  const faults = faultsOf(seen)
  if (faults.length > 0) return { state: 'Failing', message: faults.join('; ') }
  return { state: 'Proven', message: `fsync is ${fsync}, synchronous_commit is ${synchronousCommit}` }
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
