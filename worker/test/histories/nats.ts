/** NATS of a history. */
import { connect } from 'nats'
import type { Rig } from '../rig.ts'
import { NAMES } from '../rig.ts'

const SECOND = 1_000_000_000

/** What was on its way to the dead comes to others after seconds. */
export async function deliverSoon({ nats }: Rig): Promise<void> {
  const connection = await connect({ servers: nats.url })
  try {
    const manager = await connection.jetstreamManager({ timeout: 30_000 })
    await manager.consumers.update(NAMES.stream, NAMES.consumer, { ack_wait: 5 * SECOND })
  } finally {
    await connection.close()
  }
}
