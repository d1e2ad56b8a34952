/** What keeps pods from running, as the end of a message. Pure. */
import type { Snapshot } from '../snapshot.ts'
import { firstSentence } from '../../vocabulary/sentence.ts'

/** @returns `: pod x cannot get image i`, the first of the component's troubles; empty when nothing is known. */
export function troubleText({ troubles }: Pick<Snapshot, 'troubles'>, component: string): string {
  const found = troubles.find((trouble) => trouble.component === component && trouble.lastWords === undefined)
  return found ? `: ${firstSentence(found.text)}` : ''
}
