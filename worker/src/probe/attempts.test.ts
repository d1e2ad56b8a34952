import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Attempt } from '../../../crds/probeReport.ts'
import { parseAttempts, parseFates, renderAttempts, renderFates } from '../../../crds/probeReport.ts'
import { tryAll } from './attempts.ts'

const servers: Server[] = []
const PATIENCE = { tryMs: 5_000, pauseMs: 10, settleMs: 0 }

async function listening(onConnection: (server: Server) => unknown = () => undefined): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.destroy()
    onConnection(server)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function closed(): Promise<number> {
  const port = await listening()
  await new Promise((resolve) => servers.pop()?.close(resolve))
  return port
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const local = (port: number, expected: Attempt['expect']): Attempt => ({
  host: '127.0.0.1',
  port,
  expect: expected,
})

describe('attempts', () => {
  it('end as they are, in their order, whatever was expected', async () => {
    const [open, shut] = [await listening(), await closed()]
    const attempts = [
      local(open, 'shut'),
      local(shut, 'open'),
      { host: 'nobody.invalid', port: 80, expect: 'shut' } as const,
      local(open, 'open'),
      local(shut, 'shut'),
    ]
    expect(await tryAll(attempts, PATIENCE)).toEqual(['open', 'shut', 'unresolved', 'open', 'shut'])
  })

  it('are made again until they end as expected', async () => {
    // The first connection shuts the door behind it.
    const port = await listening((server) => server.close())
    expect(await tryAll([local(port, 'shut')], { ...PATIENCE, settleMs: 60_000 })).toEqual(['shut'])
  })

  it('look at what must be shut only after what must be open', async () => {
    const came: string[] = []
    const open = await listening(() => came.push('open'))
    const shut = await listening(() => came.push('shut'))
    expect(await tryAll([local(shut, 'shut'), local(open, 'open')], PATIENCE)).toEqual(['open', 'open'])
    expect(came).toEqual(['open', 'shut'])
  })
})

describe('the words between operator and pod', () => {
  const attempts = [local(80, 'open'), { host: 'x', port: 1, expect: 'shut' } as const]

  it('are read as they were written', () => {
    expect(parseAttempts(renderAttempts(attempts))).toEqual(attempts)
    expect(parseFates(renderFates(['open', 'shut', 'unresolved']))).toEqual(['open', 'shut', 'unresolved'])
  })

  it.each([
    '',
    '{}',
    '[[1]]',
    '[["x",80,"maybe"]]',
    '[["x","80","open"]]',
    JSON.stringify(Array(65).fill(['x', 1, 'open'])),
  ])('are refused when they are %j', (text) => {
    expect(() => parseAttempts(text)).toThrow()
  })

  it.each([
    '',
    '{"probe":""}',
    '{"probe":"x"}',
    ' {"probe":"o"}',
    '{"probe":"o"}\n',
    `{"probe":"${'o'.repeat(65)}"}`,
  ])('are no report when they are %j', (text) => {
    expect(parseFates(text)).toBeUndefined()
  })
})
