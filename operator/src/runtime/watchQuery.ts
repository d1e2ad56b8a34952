/** How a watch is asked for. */

export interface WatchQueryOptions {
  readonly labelSelector?: string
  readonly random?: () => number
}

/** @param from version; none: all that there is comes first (`sendInitialEvents`) */
export function watchQuery(
  { random = Math.random, labelSelector }: WatchQueryOptions,
  from: string | undefined,
) {
  return {
    watch: '1',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(Math.round(300 + 300 * random())),
    ...(labelSelector !== undefined && { labelSelector }),
    ...(from === undefined
      ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
      : { resourceVersion: from }),
  }
}
