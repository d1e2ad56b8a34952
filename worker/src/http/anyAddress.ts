/** Where to listen so that everybody is heard: `::` takes IPv4 as well, and not every kernel has it. */
import { once } from 'node:events'
import { createServer } from 'node:net'

export async function anyAddress(): Promise<'::' | '0.0.0.0'> {
  const probe = createServer()
  try {
    probe.listen({ host: '::', port: 0 })
    await once(probe, 'listening')
    return '::'
  } catch {
    return '0.0.0.0'
  } finally {
    probe.close()
  }
}
