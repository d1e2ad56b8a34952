/** How long a gateway may take to come to what was written, before its silence counts. Pure. */
import type { KubernetesObject } from '../../runtime/object.ts'
import type { Sender } from '../snapshot.ts'
import type { Answered } from './reached.ts'

/** A controller answers within seconds; one that is being replaced, within this. */
const SETTLING_MS = 60_000

/** When anybody wrote to it last, its status aside; by the clock of the API server. */
export function writtenAt({ metadata: { managedFields = [] } }: KubernetesObject): Date | undefined {
  const times = managedFields
    .filter(({ subresource }) => subresource !== 'status')
    .map(({ time }) => Date.parse(time ?? ''))
    .filter((time) => !Number.isNaN(time))
  return times.length > 0 ? new Date(Math.max(...times)) : undefined
}

/** Those without an answer for what they are now. */
export const silentOf = (answers: readonly Answered[]): readonly Answered[] =>
  answers.filter(({ answer }) => answer.state !== 'accepted')

/** What is left of that time, in milliseconds; `undefined`: one of them had its time, or nobody knows when it was written. */
export function settlingMs(answers: readonly Answered[], now: Date): number | undefined {
  const left = silentOf(answers).map((one) => leftMs(one.writtenAt, now))
  return left.length > 0 && left.every((ms) => ms !== undefined) ? Math.min(...left) : undefined
}

/** Clocks may differ a little; what is written in a far future is not believed. */
function leftMs(at: Date | undefined, now: Date): number | undefined {
  if (!at) return undefined
  const agoMs = now.getTime() - at.getTime()
  return Math.abs(agoMs) < SETTLING_MS ? Math.min(SETTLING_MS, SETTLING_MS - agoMs) : undefined
}

/** The gateway had taken all that this generation of the spec asks for. */
export function wasReady({ status, generation }: Sender): boolean {
  const last = status.conditions?.find(({ type }) => type === 'GatewayReady')
  return last?.status === 'True' && last.reason === 'Accepted' && last.observedGeneration === generation
}
