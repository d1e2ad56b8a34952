/** Every dashboard. */
import type { Board } from './board.ts'
import { batches } from './batches.ts'
import { delivery } from './delivery.ts'
import { latency } from './latency.ts'
import { operator } from './operator.ts'
import { queue } from './queue.ts'
import { resources } from './resources.ts'

export const BOARDS: readonly Board[] = [batches, delivery, queue, latency, resources, operator]
