/** Which figures are shown, in which table. Pure. */
import type { Run } from './benchmark.ts'
import type { Figures, ScenarioName } from './scenarios.ts'
import type { FaultFigures, FaultName, FaultsFigures } from './scenarios/faults.ts'

export interface Column {
  readonly title: string
  /** `null` where it never came to it; `undefined` where it was not measured. */
  readonly value: (run: Run) => number | null | undefined
  readonly digits?: number
  /** Shows the ratio to ours beside it. */
  readonly compared?: boolean
}

export interface Table {
  readonly scenario: ScenarioName
  readonly title: string
  readonly columns: readonly Column[]
  readonly note?: string
}

const burst = (pick: (figures: NonNullable<Figures['burst']>) => number) => (run: Run) =>
  run.burst && pick(run.burst)
const cold = (pick: (figures: NonNullable<Figures['coldStart']>) => number) => (run: Run) =>
  run.coldStart && pick(run.coldStart)
const heal = (pick: (figures: NonNullable<Figures['heal']>) => number) => (run: Run) =>
  run.heal && pick(run.heal)
const steady = (pick: (figures: NonNullable<Figures['steady']>) => number) => (run: Run) =>
  run.steady && pick(run.steady)
const noise = (pick: (figures: NonNullable<Figures['noise']>) => number) => (run: Run) =>
  run.noise && pick(run.noise)
const foreign = (pick: (figures: NonNullable<Figures['foreignSecrets']>) => number) => (run: Run) =>
  run.foreignSecrets && pick(run.foreignSecrets)

const FAULT_TITLES: Readonly<Record<FaultName, string>> = {
  reset: 'every connection reset',
  blackHole: 'black hole',
  compaction: 'etcd compacted',
  throttled: '429',
  restart: 'API server restarted',
}

export const TABLES: readonly Table[] = [
  {
    scenario: 'burst',
    title: 'Burst: all objects created at once',
    columns: [
      { title: 'objects/s', value: burst((f) => f.objectsPerSecond), compared: true },
      { title: 'ready p50 ms', value: burst((f) => f.readyMs.p50) },
      { title: 'ready p95 ms', value: burst((f) => f.readyMs.p95) },
      { title: 'ready p99 ms', value: burst((f) => f.readyMs.p99), compared: true },
      { title: 'requests', value: burst((f) => f.requests.total) },
      { title: 'CPU-s', value: burst((f) => f.cpuSeconds), digits: 2, compared: true },
      { title: 'peak MiB', value: burst((f) => f.mostResidentMiB), compared: true },
    ],
  },
  {
    scenario: 'coldStart',
    title: 'Cold start over good objects',
    columns: [
      { title: 'seconds', value: cold((f) => f.quietAfterSeconds), digits: 2, compared: true },
      { title: 'requests', value: cold((f) => f.requests.total) },
      { title: 'writes', value: cold((f) => f.requests.writes) },
      { title: 'CPU-s', value: cold((f) => f.cpuSeconds), digits: 2 },
      { title: 'peak MiB', value: cold((f) => f.mostResidentMiB), compared: true },
      { title: 'resident MiB', value: cold((f) => f.residentMiB), compared: true },
    ],
  },
  {
    scenario: 'heal',
    title: 'Heal: children deleted and edited',
    columns: [
      { title: 'delete p50 ms', value: heal((f) => f.deleted.p50Ms), digits: 1 },
      { title: 'delete p99 ms', value: heal((f) => f.deleted.p99Ms), digits: 1, compared: true },
      { title: 'edit p50 ms', value: heal((f) => f.edited.p50Ms), digits: 1 },
      { title: 'edit p99 ms', value: heal((f) => f.edited.p99Ms), digits: 1, compared: true },
      { title: 'all children of 5 %, s', value: heal((f) => f.massDelete.seconds), digits: 2 },
    ],
  },
  {
    scenario: 'steady',
    title: 'Steady state: nothing happens',
    columns: [
      { title: 'seconds', value: steady((f) => f.seconds) },
      { title: 'writes', value: steady((f) => f.writes) },
      { title: 'requests/min', value: steady((f) => f.requestsPerMinute), digits: 1 },
      { title: 'CPU-s/min', value: steady((f) => f.cpuSecondsPerMinute), digits: 2 },
      { title: 'resident MiB', value: steady((f) => f.residentMiB), compared: true },
    ],
  },
  {
    scenario: 'noise',
    title: 'Noise: others change annotations and the status of children',
    columns: [
      { title: 'updates', value: noise((f) => f.updates) },
      { title: 'updates/s', value: noise((f) => f.updatesPerSecond) },
      { title: 'requests', value: noise((f) => f.requests.total) },
      { title: 'writes', value: noise((f) => f.requests.writes) },
      { title: 'CPU-s', value: noise((f) => f.cpuSeconds), digits: 2, compared: true },
    ],
  },
  {
    scenario: 'handover',
    title: 'Hand-over: seconds from the end of the leader until the other one healed',
    note: 'Where nothing stands, the contestant has no leader election.',
    columns: [
      { title: 'SIGTERM', value: ({ handover }) => handover?.cleanSeconds, digits: 1 },
      { title: 'SIGKILL', value: ({ handover }) => handover?.killedSeconds, digits: 1 },
    ],
  },
  {
    scenario: 'faults',
    title: 'Faults: seconds of blindness after the fault was over',
    note:
      'Longest time that a deleted child was missing; one is deleted every 500 ms. Each fault meets a process of its ' +
      'own, without leader election, since a process ends by design when it loses its lease. Duplicates are writes ' +
      'beyond one for each deletion.',
    columns: [
      ...Object.entries(FAULT_TITLES).map(([name, title]): Column => ({
        title,
        value: ({ faults }) => faults?.[name as FaultName]?.blindSeconds,
        digits: 1,
      })),
      {
        title: 'duplicate writes',
        value: ({ faults }) => faults && sum(faults, (fault) => fault.duplicates),
      },
      {
        title: 'processes that ended',
        value: ({ faults }) => faults && sum(faults, (fault) => (fault.alive ? 0 : 1)),
      },
    ],
  },
  {
    scenario: 'foreignSecrets',
    title: 'Foreign Secrets: 1 MB each, in another namespace',
    columns: [
      { title: 'Secrets', value: foreign((f) => f.secrets) },
      { title: 'resident MiB without', value: foreign((f) => f.residentMiBBefore) },
      { title: 'resident MiB with', value: foreign((f) => f.residentMiB), compared: true },
      { title: 'peak MiB with', value: foreign((f) => f.mostResidentMiB) },
    ],
  },
]

function sum(faults: FaultsFigures, of: (fault: FaultFigures) => number): number {
  return Object.values(faults).reduce((total, fault) => total + of(fault), 0)
}
