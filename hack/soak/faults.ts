/** What networks and servers do. Each is over when its promise resolves. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Plane } from '../bench/operator/plane.ts'
import type { Random } from './random.ts'
import { refuseAll } from '../bench/operator/throttle.ts'

export interface Fault {
  readonly name: string
  readonly inflict: (plane: Plane, random: Random) => Promise<void>
}

const reset: Fault = {
  name: 'every connection reset',
  inflict: ({ proxy }) => {
    proxy.resetAll()
    return Promise.resolve()
  },
}

const refuse = (mostMs: number): Fault => ({
  name: 'connections refused',
  async inflict({ proxy }, random) {
    proxy.refuse()
    await sleep(random.between(200, mostMs))
    proxy.heal()
  },
})

const throttle = (mostMs: number): Fault => ({
  name: '429',
  async inflict(plane, random) {
    const end = await refuseAll(plane)
    await sleep(random.between(500, mostMs))
    await end()
  },
})

const restart: Fault = { name: 'API server restarted', inflict: ({ server }) => server.restartApiServer() }

const compaction: Fault = {
  name: 'etcd compacted unseen',
  async inflict({ proxy, server }, random) {
    proxy.refuse()
    await sleep(random.between(200, 2_000))
    await server.compactEtcd()
    await server.restartApiServer()
    proxy.heal()
  },
}

const blackHole: Fault = {
  name: 'black hole',
  async inflict({ proxy }, random) {
    proxy.swallow()
    await sleep(random.between(1_000, 60_000))
    proxy.heal()
  },
}

/** What is got over within seconds. */
export const SHORT_FAULTS: readonly Fault[] = [reset, refuse(1_000), throttle(1_500), restart]

export const ALL_FAULTS: readonly Fault[] = [
  reset,
  refuse(10_000),
  throttle(10_000),
  restart,
  compaction,
  blackHole,
]
