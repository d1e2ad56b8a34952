/** The figures in the status: what each component has to show, and what is about several of them. Pure. */
import type { AnyComponent, Figures } from '../components/component.ts'
import type { Contest } from './ports.ts'
import type { Resource } from '../runtime/object.ts'
import type { Snapshot } from '../components/snapshot.ts'
import type { StepOutcome } from './commit.ts'
import { nounOf } from './effects/index.ts'

/** Fights are remembered, but not all of them for ever. */
const MOST_CONTESTS = 32

export function figuresOf(
  snapshot: Snapshot,
  outcomes: readonly StepOutcome[],
  components: readonly AnyComponent[],
): Figures {
  if (snapshot.sender.specFaults.length > 0) return snapshot.sender.status.evidence ?? {}
  const isMade = (resource: Resource, name: string) =>
    outcomes.some((outcome) => makes(outcome, resource, name))
  const each = components.map((component) => component.figures?.(snapshot, isMade) ?? {})
  const contested = contests(snapshot, outcomes)
  return Object.assign({}, ...each, sharedFigures(snapshot), contested.length > 0 && { contested }) as Figures
}

function makes({ step: { desired }, outcome }: StepOutcome, resource: Resource, name: string): boolean {
  return (
    desired.type === 'object' &&
    desired.resource.kind === resource.kind &&
    desired.object.metadata.name === name &&
    (outcome.state === 'done' || outcome.state === 'unchanged')
  )
}

/** As many as a person reads. */
const MOST_SHARED = 8

function sharedFigures({ shared }: Snapshot): Figures {
  const kinds = [...new Set(shared.map(({ what }) => what))]
  if (kinds.length === 0) return {}
  const namesOf = (kind: string) => shared.filter(({ what }) => what === kind).map((share) => share.with)
  return { shared: kinds.map((what) => ({ what, with: namesOf(what).slice(0, MOST_SHARED) })) }
}

function contests({ sender }: Snapshot, outcomes: readonly StepOutcome[]): NonNullable<Figures['contested']> {
  const known = new Map(
    sender.status.evidence?.contested?.map((entry) => [`${entry.object} ${entry.manager}`, entry]),
  )
  for (const { object, manager, paths } of outcomes.flatMap(contestsOf)) {
    const key = `${object} ${manager}`
    known.set(key, { object, manager, paths: paths.slice(0, 16), count: (known.get(key)?.count ?? 0) + 1 })
  }
  return [...known.values()].slice(-MOST_CONTESTS)
}

/** Admission leaves no name of its own behind. */
function contestsOf({ step, contests: fought, rewritten = [] }: StepOutcome): readonly Contest[] {
  if (rewritten.length === 0) return fought
  const paths = rewritten.map(({ path }) => path.slice(0, 512)).sort()
  return [...fought, { object: nounOf(step.desired), manager: 'admission', paths }]
}
