/** Pieces of PromQL that the alerts share. */

/** One BatchSender; without it expressions cover all of them. */
export interface Selector {
  readonly namespace: string
  readonly batchsender: string
}

/** What tells one BatchSender from another in every series. */
export const BY = 'namespace, batchsender'

/** What a description calls it. */
export const WHO = '{{ $labels.namespace }}/{{ $labels.batchsender }}'

/** Braces of a selector: those of one BatchSender, and more. */
export function matchers(selector: Selector | undefined, ...more: readonly string[]): string {
  const own = selector ? [`namespace="${selector.namespace}"`, `batchsender="${selector.batchsender}"`] : []
  const all = [...own, ...more]
  return all.length === 0 ? '' : `{${all.join(',')}}`
}

/** Figures of PostgreSQL are the same on each worker. */
export const highest = (series: string, by = BY): string => `max by (${by}) (${series})`

/** How long the last figure stands for one that nobody tells any more, since the workers start anew. */
const GAP = '10m'

/** The present figure, or the last one before a gap: a restart ends no alert. */
export const latest = (series: string, by = BY): string =>
  `(${highest(series, by)} or ${highest(`last_over_time(${series}[${GAP}])`, by)})`

/** Of what is counted, the share that some of it is. Nothing where nothing is counted. */
export const share = (part: string, all: string, window: string): string =>
  `sum by (${BY}) (rate(${part}[${window}])) / sum by (${BY}) (rate(${all}[${window}]))`
