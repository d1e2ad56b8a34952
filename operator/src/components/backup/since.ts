/** Since when a CronJob has had its schedule: our own note on it, since anybody may change the rest of it any time. */
import type { CronJobManifest } from '../parts/manifests.ts'
import { templateHash } from '../parts/templateHash.ts'
import { instantOf } from '../parts/instants.ts'

const SINCE = 'batchsender.io/scheduled-since'

/**
 * The annotation to put on a CronJob: the instant that stands there for the same schedule, or now.
 * @param live as it is in the cluster; while it is suspended it has no schedule
 */
export function sinceAnnotation(
  live: CronJobManifest | undefined,
  { schedule, timeZone }: { readonly schedule: string; readonly timeZone: string },
  now: Date,
): Readonly<Record<string, string>> {
  const hash = templateHash({ schedule, timeZone })
  const noted = live?.spec.suspend === true ? undefined : noteOn(live)
  const since = noted?.hash === hash ? noted.since : instantOf(now)
  return { [SINCE]: `${since} ${hash}` }
}

/** From then on its runs are owed; not before now when it says nothing of it. */
export function scheduledSince(live: CronJobManifest, now: Date): Date {
  const since = noteOn(live)?.since
  return since === undefined ? now : new Date(since)
}

function noteOn(
  live: CronJobManifest | undefined,
): { readonly since: string; readonly hash: string } | undefined {
  const [since, hash] = live?.metadata.annotations?.[SINCE]?.split(' ') ?? []
  if (since === undefined || hash === undefined || Number.isNaN(Date.parse(since))) return undefined
  return { since, hash }
}
