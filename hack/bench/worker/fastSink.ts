/** An SMTP server that limits nobody, in a process of its own (`sink/main.go`). */
import { join } from 'node:path'
import type { SmtpSinkServer } from '../../servers/smtpSink.ts'
import { builtModule } from '../../cluster/binaries.ts'
import { startSink } from '../../servers/smtpSink.ts'

export async function startFastSink(): Promise<SmtpSinkServer> {
  // Seen from the modules of the cluster.
  const folder = await builtModule('bench-sink', {
    folder: '../../bench/worker/sink',
    binaries: { sink: '.' },
  })
  return startSink(join(folder, 'sink'))
}

/** A line on which every reply arrives so much later, those to commands that came together at once. */
export async function delayReplies({ url }: SmtpSinkServer, lineDelayMs: number): Promise<void> {
  const body = JSON.stringify({ rules: [], lineDelayMs })
  const { status } = await fetch(`${url}/behaviour`, { method: 'POST', body })
  if (status !== 204) throw new Error(`the sink does not delay its replies: ${status}`)
}
