/** 429 with Retry-After for every request of the contestants, by the server's own flow control. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plane } from './plane.ts'
import { fromKubeconfig } from '../../../operator/src/runtime/kubeconfig.ts'
import { pathOf } from '../../../operator/src/runtime/object.ts'
import { createTransport, type Transport } from '../../../operator/src/runtime/transport.ts'
import { CHILD_KINDS } from './fixture.ts'
import { CONTESTANTS, NAMESPACE } from './plane.ts'

const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io/v1'
const NAME = 'bench-nobody'
const ALL = ['*']
const BETWEEN_MS = 5

/** @returns what ends it. */
export async function refuseAll(plane: Plane): Promise<() => Promise<void>> {
  const { client } = plane
  const path = (plural: string, name = '') => `/apis/${FLOW_CONTROL}/${plural}${name}`
  const create = async (plural: string, kind: string, spec: object) => {
    const body = { apiVersion: FLOW_CONTROL, kind, metadata: { name: NAME }, spec }
    await client.request({ method: 'POST', path: path(plural), body })
  }
  await create('prioritylevelconfigurations', 'PriorityLevelConfiguration', {
    type: 'Limited',
    // No seats of its own, and none borrowed.
    limited: {
      nominalConcurrencyShares: 0,
      lendablePercent: 0,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Reject' },
    },
  })
  await create('flowschemas', 'FlowSchema', {
    priorityLevelConfiguration: { name: NAME },
    // Before every schema of the server but the one that exempts its administrators.
    matchingPrecedence: 2,
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: CONTESTANTS } }],
        resourceRules: [{ verbs: ALL, apiGroups: ALL, resources: ALL, namespaces: ALL, clusterScope: true }],
        nonResourceRules: [{ verbs: ALL, nonResourceURLs: ALL }],
      },
    ],
  })
  const holder = createTransport(await fromKubeconfig(await plane.kubeconfigFor('seat-holder')))
  const over = new AbortController()
  const held = holdSeat(holder, over.signal)
  return async () => {
    for (const plural of ['flowschemas', 'prioritylevelconfigurations'])
      await client.request({ method: 'DELETE', path: path(plural, `/${NAME}`) })
    over.abort()
    await held
    holder.close()
  }
}

/**
 * Where nobody else is, the server lets one request through even without a seat. This one is always there: the server
 * waits three seconds for a version from the future before it gives up.
 */
async function holdSeat(holder: Transport, signal: AbortSignal): Promise<void> {
  const future = { resourceVersion: String(Number.MAX_SAFE_INTEGER), resourceVersionMatch: 'NotOlderThan' }
  while (!signal.aborted) {
    await holder.stream(pathOf(CHILD_KINDS[1], NAMESPACE), future, signal).catch(() => undefined)
    await sleep(BETWEEN_MS)
  }
}
