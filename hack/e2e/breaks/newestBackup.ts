/** Which backup a break is about: the newest, looked for at a moment at which that is certain. */
import type { DataSite, StoredObject } from '../dataSite.ts'
import { eventually } from '../eventually.ts'

/** A backup is made at once, by a pod. */
const MADE_WITHIN_MS = 240_000

/** The one on which increments build. One that is still being made would take its place in the middle of a break. */
export function newestFull(site: DataSite): Promise<string> {
  return eventually(
    'the newest full backup is the one that the status names',
    async () => {
      const { status } = await site.here.sender()
      const known = status.evidence?.backup?.lastFull?.name
      return (await site.fullBackups()).at(-1) === known ? known : undefined
    },
    MADE_WITHIN_MS,
  )
}

/**
 * Waits until an increment has just been made: the next one, a minute later, finds that its base is gone and makes a full
 * backup, which mends it before the operator has looked.
 * @returns its base
 */
export async function untilIncremented(site: DataSite): Promise<string> {
  const newest = async () => (await site.objects('backups/')).filter(isIncrement).sort().at(-1)
  const known = await newest()
  const next = await eventually('another increment', async () => {
    const now = await newest()
    return now === known ? undefined : now
  })
  return next.replace(/^.*-on-/, '').replace(/\/\.backup$/, '')
}

const isIncrement = (key: string) => /-on-[^/]+\/\.backup$/.test(key)

/** In the newest full backup: its verification cannot miss it. */
export async function newestData(site: DataSite): Promise<StoredObject> {
  const key = await site.dataOf(await newestFull(site))
  if (key === undefined) throw new Error('the newest full backup has no events')
  return site.read(key)
}
