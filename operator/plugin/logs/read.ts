/** Logs of pods, line by line. */
import type { Cluster } from '../cluster/cluster.ts'
import type { KubernetesObject } from '../../src/runtime/object.ts'
import { ApiError } from '../../src/runtime/errors.ts'
import { pathOf } from '../../src/runtime/object.ts'
import { Pod } from '../../src/vocabulary/kinds.ts'

export interface Source {
  readonly pod: string
  readonly container: string
}

export interface Range {
  readonly tailLines?: number
  readonly sinceSeconds?: number
  readonly limitBytes?: number
  readonly previous?: boolean
  readonly follow?: boolean
}

/** Containers that have begun, in the order of their names. */
export function sourcesIn(pods: readonly KubernetesObject[]): readonly Source[] {
  return pods
    .flatMap((pod) => {
      const { containerStatuses = [], initContainerStatuses = [] } = (pod['status'] ?? {}) as Statuses
      return [...initContainerStatuses, ...containerStatuses]
        .filter(
          ({ state = {}, lastState = {} }) =>
            state.waiting === undefined || lastState.terminated !== undefined,
        )
        .map(({ name }) => ({ pod: pod.metadata.name, container: name }))
    })
    .sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
}

interface Statuses {
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount?: number
  readonly state?: { readonly waiting?: object }
  readonly lastState?: { readonly terminated?: object }
}

export const keyOf = ({ pod, container }: Source): string => `${pod} ${container}`

/** Whether a container was started before: what it said last then is of interest. */
export function wasRestarted(pods: readonly KubernetesObject[], { pod, container }: Source): boolean {
  const found = pods.find(({ metadata }) => metadata.name === pod)
  const { containerStatuses = [] } = (found?.['status'] ?? {}) as Statuses
  return (containerStatuses.find(({ name }) => name === container)?.restartCount ?? 0) > 0
}

/** @throws ApiError */
export async function* linesOf(
  cluster: Cluster,
  { pod, container }: Source,
  range: Range,
): AsyncGenerator<string> {
  const query = { container, timestamps: 'true', ...queryOf(range) }
  const chunks = await cluster.stream(pathOf(Pod, cluster.namespace, pod, 'log'), query)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function queryOf(range: Range): Readonly<Record<string, string>> {
  const given = Object.entries(range).filter(([, value]) => value !== undefined && value !== false)
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
}

/** A pod that went meanwhile, or a container that has not begun. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 400)
}
