import { createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { sender } from '../testing/snapshots.ts'
import { policyProbe } from './policyProbe.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(): Promise<number> {
  const server = createServer((socket) => socket.destroy())
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

async function closed(): Promise<number> {
  const port = await listening()
  const server = servers.pop()
  await new Promise((resolve) => server?.close(resolve))
  return port
}

async function look(allowedPort: number, forbiddenPort: number) {
  const probes = [{ name: 'node', host: '127.0.0.1', allowedPort, forbiddenPort }]
  return policyProbe(() => probes).look(sender(), new AbortController().signal)
}

describe('a probe of policies', () => {
  it('is content when one port answers and the other does not', async () => {
    expect(await look(await listening(), await closed())).toMatchObject({
      good: true,
      seen: { ports: [{ name: 'node', allowed: true, forbidden: false }] },
    })
  })

  it('is not when both answer', async () => {
    expect(await look(await listening(), await listening())).toMatchObject({
      good: false,
      silence: false,
      seen: { ports: [{ allowed: true, forbidden: true }] },
    })
  })

  it('is not when neither does', async () => {
    expect(await look(await closed(), await closed())).toMatchObject({
      good: false,
      silence: true,
      seen: { ports: [{ allowed: false, forbidden: false }] },
    })
  })

  it('has nothing to see where nothing can be probed', async () => {
    expect(await policyProbe(() => []).look(sender(), new AbortController().signal)).toBeUndefined()
  })
})
