import type { Resources } from './resources.ts'
import type { Run } from './report.ts'

/** What a scenario is let loose on. */
export interface Target {
  /** For the scenario's script. */
  readonly variables: Readonly<Record<string, string>>
  /** Of each worker, by its name. */
  resources(): Promise<ReadonlyMap<string, Resources>>
  /** What became of so many requests that were answered as they should be, once everything had its effect. */
  outcome(answered: number): Promise<Run['outcome']>
  close(): Promise<void>
}
