import type { Resources } from './resources.ts'
import type { Run } from './report.ts'
import type { Calls } from './scenarios/scenario.ts'

/** What a scenario is let loose on. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string
  /** What is sent. @param run a name that no other run has */
  calls(run: string): Calls
  /** Of each worker, by its name. */
  resources(): Promise<ReadonlyMap<string, Resources>>
  /** What became of so many requests that were taken, once everything had its effect. */
  outcome(taken: number): Promise<Run['outcome']>
  close(): Promise<void>
}
