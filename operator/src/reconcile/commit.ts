/** The only writer of a pass: carries a Plan out, stage by stage, and says what became of each step. */
import type { Contest, Outcome, WritePorts } from './ports.ts'
import type { Desired } from '../components/desired.ts'
import type { OwnerReference } from '../runtime/object.ts'
import type { Plan, Step } from './plan.ts'
import type { Snapshot } from '../components/snapshot.ts'
import { ownerReference } from '../components/parts/metadata.ts'
import { ApiError, Waiting } from '../runtime/errors.ts'
import { nameOf } from './ports.ts'

export interface StepOutcome {
  readonly step: Step
  readonly outcome: Outcome
  readonly contests: readonly Contest[]
}

interface Context {
  readonly snapshot: Snapshot
  readonly owner: OwnerReference
  readonly ports: WritePorts
  readonly signal: AbortSignal
}

/** @throws what the runtime retries with backoff: lost connections, conflicts, a server in trouble. */
export async function commit(
  plan: Plan,
  snapshot: Snapshot,
  ports: WritePorts,
  signal: AbortSignal,
): Promise<readonly StepOutcome[]> {
  const context = { snapshot, owner: ownerReference(snapshot.sender), ports, signal }
  const outcomes: StepOutcome[] = []
  for (const stage of plan.stages) {
    const results = await Promise.allSettled(stage.map((step) => carryOut(step, context)))
    // A step that has to be tried again ends the pass only when its neighbours are done.
    for (const result of results) if (result.status === 'rejected') throw result.reason
    outcomes.push(...results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
  }
  if (outcomes.some(({ outcome }) => outcome.state === 'done')) ports.lookSoon(snapshot.sender)
  return outcomes
}

async function carryOut(step: Step, context: Context): Promise<StepOutcome> {
  try {
    return { step, ...(await write(step.desired, context)) }
  } catch (error) {
    // Put off for somebody who keeps undoing it: no reason to leave the others, or the status.
    if (error instanceof Waiting && error.reason === 'Contested') {
      const outcome = { state: 'waiting', what: nameOf(step.desired), againMs: error.afterMs } as const
      return { step, outcome, contests: [] }
    }
    if (!(error instanceof ApiError) || !isRefusal(error)) throw error
    // The object goes with its namespace; there is nobody left to tell.
    if (isTerminating(error))
      return { step, outcome: { state: 'waiting', what: nameOf(step.desired) }, contests: [] }
    const invalid = error.status === 422
    const outcome = { state: 'refused', what: nameOf(step.desired), message: error.message, invalid } as const
    return { step, outcome, contests: [] }
  }
}

type Written = Pick<StepOutcome, 'outcome' | 'contests'>

async function write(desired: Desired, context: Context): Promise<Written> {
  const { owner, ports, signal, snapshot } = context
  const without = (outcome: Outcome): Written => ({ outcome, contests: [] })
  switch (desired.type) {
    case 'object':
      return applyObject(desired, context)
    case 'absent': {
      const removed = await ports.remove(
        desired.resource,
        snapshot.sender.namespace,
        desired.name,
        owner,
        signal,
      )
      return without(
        removed ? { state: 'done', change: 'removed', what: nameOf(desired) } : { state: 'unchanged' },
      )
    }
    case 'certificate':
      return without(await ports.issueCertificate(desired, owner, signal))
    case 'key':
      return without(await ports.makeKey(desired, owner, signal))
    case 'natsReload':
      return without(await ports.reloadNats(desired, snapshot.sender, signal))
    case 'queue':
      return without(await ports.keepQueue(desired, snapshot.sender, signal))
    case 'statement':
      return without(await ports.runStatement(desired, snapshot.sender, signal))
  }
}

async function applyObject(desired: Desired & { type: 'object' }, context: Context): Promise<Written> {
  const what = nameOf(desired)
  const applied = await context.ports.apply(desired.resource, desired.object, context.owner, context.signal)
  switch (applied.state) {
    case 'foreign':
      return { outcome: { state: 'foreign', what, holder: applied.holder }, contests: [] }
    case 'terminating':
      return { outcome: { state: 'waiting', what }, contests: [] }
    case 'unchanged':
      return { outcome: { state: 'unchanged' }, contests: [] }
    case 'created':
    case 'updated': {
      const contests = (applied.contested ?? []).map((contest) => ({ object: what, ...contest }))
      return { outcome: { state: 'done', change: applied.state, what }, contests }
    }
  }
}

/** The server will answer the same until somebody changes something: forbidden, too much, not valid. */
function isRefusal({ status }: ApiError): boolean {
  return status === 400 || status === 403 || status === 422
}

function isTerminating({ causes }: ApiError): boolean {
  return causes.some(({ reason }) => reason === 'NamespaceTerminating')
}
