/** The shape of a proof: evidence in, one row of the checklist out. Pure. */
import type { CheckName } from '../../../crds/schema/checks.ts'
import type { Snapshot } from '../components/snapshot.ts'

export interface Proof {
  readonly state: 'Proven' | 'Failing' | 'Unknown' | 'NotConfigured'
  /** One sentence; no times of observation. */
  readonly message: string
  /** When to look again although nothing may happen by then; milliseconds. */
  readonly lookAgainMs?: number
}

export interface Check {
  readonly name: CheckName
  prove(snapshot: Snapshot): Proof
}
