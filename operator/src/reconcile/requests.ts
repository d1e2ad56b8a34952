/** What a person asked for, and whether it was done. Pure. */
import type { Snapshot } from '../components/snapshot.ts'
import type { Resource } from '../runtime/object.ts'
import type { StepOutcome } from './commit.ts'
import { REQUEST_NAMES, REQUESTS, type Handled, type RequestName } from '../../../crds/requests.ts'
import { requestedJob } from '../components/backup/onDemand.ts'
import { Job } from '../vocabulary/kinds.ts'

/** A child that is made for a request: when it is there, the request is done with, and never again. */
interface Answer {
  readonly resource: Resource
  /** `undefined` while nothing is asked for that was not handled. */
  child(snapshot: Snapshot): { readonly name: string; readonly isThere: boolean } | undefined
}

const ANSWERS: Readonly<Record<RequestName, Answer | 'the pass itself'>> = {
  reconcile: 'the pass itself',
  backup: { resource: Job, child: requestedJob },
}

/** For each request the value that was handled last, which a new one replaces when it is answered. */
export function handledRequests(snapshot: Snapshot, outcomes: readonly StepOutcome[]): Handled {
  const { requests, status } = snapshot.sender
  return Object.fromEntries(
    REQUEST_NAMES.flatMap((name) => {
      const { handledIn } = REQUESTS[name]
      const value = (isAnswered(name, snapshot, outcomes) ? requests[name] : undefined) ?? status[handledIn]
      return value === undefined ? [] : [[handledIn, value]]
    }),
  )
}

function isAnswered(name: RequestName, snapshot: Snapshot, outcomes: readonly StepOutcome[]): boolean {
  const answer = ANSWERS[name]
  if (answer === 'the pass itself') return true
  const child = answer.child(snapshot)
  if (!child) return false
  return child.isThere || outcomes.some((outcome) => isMade(outcome, answer.resource, child.name))
}

function isMade({ step: { desired }, outcome }: StepOutcome, { kind }: Resource, name: string): boolean {
  if (outcome.state !== 'done' && outcome.state !== 'unchanged') return false
  return desired.type === 'object' && desired.resource.kind === kind && desired.object.metadata.name === name
}
