/** Asked by SIGUSR2, tells in one line what the process holds; needs --expose-gc to tell garbage from leaks. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Transport } from '../../../../../operator/src/runtime/transport.ts'

export interface Vitals {
  /** Counts the tellings. */
  readonly number: number
  /** Kind of handle → how many keep the process alive. */
  readonly resources: Readonly<Record<string, number>>
  readonly heapMiB: number
}

export const VITALS = 'vitals '
const SETTLING_MS = 300

export function tellVitals(transport: Transport): void {
  let number = 0
  const tell = async () => {
    // Idle connections of the pool are as many as there was once work for: that is no leak.
    transport.close()
    await sleep(SETTLING_MS)
    for (let round = 0; round < 3; round += 1) {
      globalThis.gc?.()
      await sleep(0)
    }
    const resources: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1
    const heapMiB = Number((process.memoryUsage().heapUsed / 1_048_576).toFixed(2))
    number += 1
    const vitals: Vitals = { number, resources, heapMiB }
    console.error(`${VITALS}${JSON.stringify(vitals)}`)
  }
  process.on('SIGUSR2', () => void tell())
}
