/** Logs for a bundle: the last of each container and what it said before it was restarted, masked, and not without an end. */
import type { Attempt } from './collect.ts'
import type { BundleFile } from './archive.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { isGone, linesOf, sourcesIn, wasRestarted, type Source } from '../logs/read.ts'
import { maskText } from './redact.ts'

const TAIL = 5_000
const MOST_BYTES = 1_000_000
/** Of one BatchSender together; what is over it is said. */
const MOST_SOURCES = 40

export async function logsOf(
  cluster: Cluster,
  pods: readonly KubernetesObject[],
  folder: string,
  attempt: Attempt,
): Promise<readonly BundleFile[]> {
  const sources = sourcesIn(pods)
  if (sources.length > MOST_SOURCES)
    await attempt(`logs of ${sources.length - MOST_SOURCES} more containers`, undefined, () =>
      Promise.reject(new Error(`only ${MOST_SOURCES} are taken`)),
    )
  const wanted = sources
    .slice(0, MOST_SOURCES)
    .flatMap((source) => [
      { source, previous: false },
      ...(wasRestarted(pods, source) ? [{ source, previous: true }] : []),
    ])
  const files = await Promise.all(
    wanted.map(({ source, previous }) =>
      attempt(`log of ${source.pod}`, undefined, () => one(cluster, source, previous, folder)),
    ),
  )
  return files.flatMap((file) => file ?? [])
}

async function one(
  cluster: Cluster,
  source: Source,
  previous: boolean,
  folder: string,
): Promise<BundleFile | undefined> {
  const lines: string[] = []
  try {
    for await (const line of linesOf(cluster, source, { tailLines: TAIL, limitBytes: MOST_BYTES, previous }))
      lines.push(line)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
  const path = `${folder}/${source.pod}/${source.container}${previous ? '.previous' : ''}.log`
  // As a whole, since a key can have many lines.
  return { path, text: maskText(`${lines.join('\n')}\n`) }
}
