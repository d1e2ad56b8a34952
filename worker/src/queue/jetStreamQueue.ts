/** The work queue on JetStream: wake-ups published, pulled one at a time, and acknowledged once they are handled. */
import type { Consumer, JsMsg, NatsConnection } from 'nats'
import type { DueChunk, WakeupPublisher } from '../sending/sweep.ts'
import type { Wakeup, WorkQueue } from '../sending/workLoop.ts'
import type { ChunkRef } from '../sending/ports.ts'
import type { NatsLink } from './connection.ts'

export interface QueueOptions {
  readonly stream: string
  readonly subject: string
  readonly consumer: string
}

/** A pull ends by itself, so that a worker that stops, or a consumer that went, is noticed in time. */
const PULL_MS = 5_000
const API_MS = 5_000
/** Before `max_deliver` is reached, after which a message would stay in the stream unseen. */
const DELIVERIES = 900

export function jetStreamQueue(link: NatsLink, options: QueueOptions): WorkQueue & WakeupPublisher {
  let pulled: { readonly nats: NatsConnection; readonly consumer: Promise<Consumer> } | undefined

  const connected = (): NatsConnection => {
    const nats = link.current()
    if (nats === undefined) throw new Error('NATS is not connected')
    return nats
  }
  const consumerOf = (nats: NatsConnection): Promise<Consumer> => {
    if (pulled?.nats !== nats) {
      const consumer = nats.jetstream({ timeout: API_MS }).consumers.get(options.stream, options.consumer)
      pulled = { nats, consumer }
    }
    return pulled.consumer
  }

  return {
    isConnected: () => link.current() !== undefined,
    next: async (signal) => {
      try {
        const consumer = await consumerOf(connected())
        if (signal.aborted) return undefined
        const message = await consumer.next({ expires: PULL_MS })
        return message === null ? undefined : wakeupOf(message)
      } catch (error) {
        pulled = undefined
        throw error
      }
    },
    publish: async (chunks) => {
      const { subject, stream } = options
      const jetStream = connected().jetstream({ timeout: API_MS })
      const outcomes = await Promise.allSettled(
        chunks.map((due) =>
          jetStream.publish(subject, JSON.stringify({ batchId: due.batchId, chunk: due.chunk }), {
            msgID: messageId(due),
            expect: { streamName: stream },
          }),
        ),
      )
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      return {
        refused: chunks.filter((_, index) => outcomes[index]?.status === 'rejected'),
        ...(failed !== undefined && { error: failed.reason as unknown }),
      }
    },
    depth: async () => {
      const manager = await connected().jetstreamManager({ timeout: API_MS, checkAPI: false })
      const info = await manager.consumers.info(options.stream, options.consumer).catch(() => undefined)
      return info && info.num_pending + info.num_ack_pending
    },
  }
}

const messageId = ({ batchId, chunk, generation }: DueChunk): string => `${batchId}:${chunk}:${generation}`

/** What is not a wake-up is thrown away: it would come back for ever. */
function wakeupOf(message: JsMsg): Wakeup | undefined {
  const ref = parseRef(message.string())
  if (ref === undefined) {
    message.term('not a wake-up')
    return undefined
  }
  return {
    ref,
    acknowledge: async () => {
      await message.ackAck({ timeout: API_MS }).catch(() => false)
    },
    later: (delayMs) => {
      if (message.info.deliveryCount > DELIVERIES) message.ack()
      else message.nak(Math.ceil(delayMs))
    },
    working: () => {
      message.working()
    },
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const MOST_CHUNKS = 2 ** 31

const isBatchId = (value: unknown): value is string => typeof value === 'string' && UUID.test(value)
const isChunk = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MOST_CHUNKS

/** @returns undefined for what no row of ours could be meant by. */
export function parseRef(text: string): ChunkRef | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('batchId' in value) || !('chunk' in value))
      return undefined
    const { batchId, chunk } = value
    return isBatchId(batchId) && isChunk(chunk) ? { batchId, chunk } : undefined
  } catch {
    return undefined
  }
}
