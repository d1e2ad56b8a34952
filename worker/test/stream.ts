/** The stream and the consumer of a worker, which the operator makes elsewhere. */
import { join } from 'node:path'
import { connect } from 'nats'
import type { NatsServer } from '../../hack/servers/nats.ts'
import { consumerConfig, streamConfig, type WorkQueueNames } from '../../crds/workQueue.ts'

/** A machine under load writes its first stream in more than the 5 s that the client waits by itself. */
const JETSTREAM_MS = 30_000

export async function createStream(
  nats: NatsServer,
  names: WorkQueueNames,
  tlsDir: string | undefined,
): Promise<void> {
  // Dialled by address, the client would compare the certificate with localhost.
  const tls = tlsDir !== undefined && {
    certFile: join(tlsDir, 'tls.crt'),
    keyFile: join(tlsDir, 'tls.key'),
    caFile: join(tlsDir, 'ca.crt'),
    host: '127.0.0.1',
  }
  const connection = await connect({ servers: nats.url, ...(tls && { tls }) })
  try {
    const manager = await connection.jetstreamManager({ timeout: JETSTREAM_MS })
    await manager.streams.add(streamConfig(names, 1) as never)
    await manager.consumers.add(names.stream, consumerConfig(names) as never)
  } finally {
    await connection.close()
  }
}
