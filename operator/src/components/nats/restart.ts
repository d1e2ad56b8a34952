/**
 * When nodes are started anew because telling them to reload did not help: by the StatefulSet, one after the other, and
 * ever more rarely while that does not help either. Pure.
 */
import type { Snapshot } from '../snapshot.ts'
import { RESTARTED } from '../../vocabulary/labels.ts'
import { strayNodes, type StrayNode } from './astray.ts'
import { annotationsAtWork, natsIsUpToDate } from './template.ts'
import { instantOf } from '../parts/instants.ts'

/** What was renewed or put right takes this long at most to reach the files of a pod and be read again. */
export const ADOPTION_MS = 180_000

const FIRST_PAUSE_MS = 600_000
/** In a row, where each helped and something else went wrong soon after. */
const MOST_AT_ONCE = 3
const LONGEST_PAUSE_MS = 43_200_000

/** How often in a row, and when last, as it stands on the template of the pods. */
export interface Restarts {
  readonly count: number
  readonly at: Date
}

export interface NodeRestart {
  /** Wanted on the template of the pods; absent until nodes were started anew once. */
  readonly note?: string
  /** Nodes that starting anew did not help, and when it is tried again. */
  readonly stuck?: { readonly nodes: readonly StrayNode[]; readonly tried: Restarts; readonly nextAt: Date }
}

export function nodeRestart(snapshot: Snapshot): NodeRestart {
  const { now } = snapshot
  const note = annotationsAtWork(snapshot)?.[RESTARTED]
  const kept = note === undefined ? {} : { note }
  const nodes = strayNodes(snapshot).filter(({ since }) => isOverdue(since, now))
  if (nodes.length === 0 || !isAtRest(snapshot)) return kept
  const last = parse(note, now)
  const next = last && nextAt(last, nodes)
  if (next && next > now) return { ...kept, stuck: { nodes, tried: last, nextAt: next } }
  return { note: text(following(last, now)) }
}

/** Never while a node is missing: the others hold what it would need. */
function isAtRest(snapshot: Snapshot): boolean {
  return annotationsAtWork(snapshot) !== undefined && natsIsUpToDate(snapshot)
}

function isOverdue(since: Date | undefined, now: Date): boolean {
  return since !== undefined && now.getTime() - since.getTime() >= ADOPTION_MS
}

/** Nodes that were well since have a new fault, for which nothing was tried yet. */
function nextAt({ count, at }: Restarts, nodes: readonly StrayNode[]): Date {
  const helped = nodes.every(({ since }) => since !== undefined && since > at)
  return helped && count < MOST_AT_ONCE ? at : new Date(at.getTime() + pauseMs(count))
}

function pauseMs(count: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LONGEST_PAUSE_MS)
}

/** After twice the pause it is another story. */
function following(last: Restarts | undefined, now: Date): Restarts {
  const isInARow = last !== undefined && now.getTime() - last.at.getTime() < 2 * pauseMs(last.count)
  return { count: isInARow ? last.count + 1 : 1, at: now }
}

const text = ({ count, at }: Restarts) => `${count} ${instantOf(at)}`

/** An instant to come is none of ours. */
function parse(note: string | undefined, now: Date): Restarts | undefined {
  const [, count, instant = ''] = /^(\d{1,3}) (\S+)$/.exec(note ?? '') ?? []
  const at = new Date(instant)
  return count === undefined || !(at <= now) ? undefined : { count: Number(count), at }
}
