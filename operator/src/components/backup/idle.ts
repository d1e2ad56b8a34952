/** A run that nobody carries out: its Job is there, and no pod of it has been at work for minutes. */
import type { JobRun, Snapshot } from '../snapshot.ts'
import { instantOf } from '../parts/instants.ts'

/** Longer than it takes to schedule a pod, pull its image and try again. */
const PATIENCE_MS = 300_000

export function isIdle({ state, idleSince }: JobRun, now: Date): boolean {
  return state === 'running' && idleSince !== undefined && now.getTime() - idleSince.getTime() >= PATIENCE_MS
}

/** The first of them in words. */
export function idleRun({
  runs,
  now,
  troubles,
}: Pick<Snapshot, 'runs' | 'now' | 'troubles'>): string | undefined {
  const [first] = runs
    .filter((run) => isIdle(run, now))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
  if (!first) return undefined
  const since = first.idleSince ? instantOf(first.idleSince) : ''
  const subject = `Job ${first.name}`
  const told = troubles.find(({ text }) => text.startsWith(`${subject} `))?.text.slice(subject.length + 1)
  return first.waits === undefined
    ? `${subject} has had no pod since ${since}: ${told ?? 'see its events'}`
    : `the pod of Job ${first.name} has waited since ${since}: ${first.waits}`
}
