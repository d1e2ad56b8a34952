/** The JetStream work queue between the operator, which creates and heals it, and the workers, which live on it. */

/** Nanoseconds: the unit of every duration in the JetStream API. */
const SECOND = 1_000_000_000

/** The names that one BatchSender uses on a NATS system, which others may share. */
export interface WorkQueueNames {
  readonly stream: string
  readonly subject: string
  readonly consumer: string
}

/** Names derived from the object's own, so that two BatchSenders never meet on one NATS system. */
export function workQueueNames(namespace: string, name: string): WorkQueueNames {
  return {
    stream: `batchsender-${namespace}-${name}`,
    subject: `batchsender.${namespace}.${name}.work`,
    consumer: 'worker',
  }
}

/** The stream's configuration as the JetStream API spells it (`$JS.API.STREAM.CREATE`). */
export interface StreamConfig {
  readonly name: string
  readonly subjects: readonly string[]
  readonly retention: 'workqueue'
  readonly storage: 'file'
  readonly discard: 'new'
  readonly num_replicas: number
  readonly max_msgs: number
  readonly max_msg_size: number
  readonly duplicate_window: number
}

/**
 * Wake-ups only: PostgreSQL is the truth, so a full queue refuses the publisher (`discard: new`) instead of dropping
 * what waits, and a message is a few ids, never a body.
 */
export function streamConfig(names: WorkQueueNames, replicas: number): StreamConfig {
  return {
    name: names.stream,
    subjects: [names.subject],
    retention: 'workqueue',
    storage: 'file',
    discard: 'new',
    num_replicas: replicas,
    max_msgs: 1_000_000,
    max_msg_size: 65_536,
    duplicate_window: 120 * SECOND,
  }
}

/** The consumer's configuration as the JetStream API spells it (`$JS.API.CONSUMER.DURABLE.CREATE`). */
export interface ConsumerConfig {
  readonly durable_name: string
  readonly ack_policy: 'explicit'
  readonly ack_wait: number
  readonly max_deliver: number
  readonly max_ack_pending: number
}

/**
 * One durable pull consumer. No `backoff`: it would replace `ack_wait` and cut a long send short; workers ask for a
 * later delivery themselves and give a message up before `max_deliver`, after which it would stay in the stream unseen.
 */
export function consumerConfig(names: WorkQueueNames): ConsumerConfig {
  return {
    durable_name: names.consumer,
    ack_policy: 'explicit',
    ack_wait: 60 * SECOND,
    max_deliver: 1_000,
    max_ack_pending: 10_000,
  }
}
