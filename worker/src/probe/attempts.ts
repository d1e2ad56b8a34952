/**
 * Tries connections until each is as expected, or the patience with it is over: policies reach a new pod a moment after
 * it has its address, and some plugins let nothing through until then. What must be open is tried first, so that what is
 * shut after it is shut by a policy.
 */
import { lookup } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attempt, Expectation, Fate } from '../../../crds/probeReport.ts'
import { tryToConnect } from './connection.ts'

export interface Patience {
  /** For one connection, and for one name; milliseconds. */
  readonly tryMs: number
  readonly pauseMs: number
  /** For all tries of one attempt. */
  readonly settleMs: number
}

export const PATIENCE: Patience = { tryMs: 2_500, pauseMs: 500, settleMs: 20_000 }

/** @returns one fate for each attempt, in their order. */
export async function tryAll(
  attempts: readonly Attempt[],
  patience: Patience = PATIENCE,
): Promise<readonly Fate[]> {
  const fates = new Map<Attempt, Fate>()
  const phases: readonly Expectation[] = ['open', 'shut']
  for (const phase of phases)
    await Promise.all(
      attempts
        .filter(({ expect }) => expect === phase)
        .map(async (attempt) => fates.set(attempt, await settled(attempt, patience))),
    )
  return attempts.map((attempt) => fates.get(attempt) ?? 'unresolved')
}

async function settled(attempt: Attempt, patience: Patience): Promise<Fate> {
  const until = performance.now() + patience.settleMs
  for (;;) {
    const fate = await fateOf(attempt, patience)
    if (fate === attempt.expect || performance.now() > until) return fate
    await sleep(patience.pauseMs)
  }
}

async function fateOf({ host, port }: Attempt, { tryMs }: Patience): Promise<Fate> {
  const address = await Promise.race([
    lookup(host).then(
      (found) => found.address,
      () => undefined,
    ),
    sleep(tryMs, undefined, { ref: false }),
  ])
  if (address === undefined) return 'unresolved'
  return (await tryToConnect({ host: address, port }, tryMs)) === 'open' ? 'open' : 'shut'
}
