import { createServer, request, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { AnswerBudget } from './answerBudget.ts'
import { boundedAgent } from './boundedAgent.ts'

const KIBIBYTE = 1_024

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** @returns bytes of the body; rejects when the connection was ended */
function read(url: string, agent: ReturnType<typeof boundedAgent>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.once('error', reject)
      response.once('end', () => {
        resolve(bytes)
      })
    })
    asked.once('error', reject)
    asked.end()
  })
}

const answering = (kibibytes: number): RequestListener => {
  return (_request, response) => response.end('x'.repeat(kibibytes * KIBIBYTE))
}

it('ends a connection for which there is no room beside others, and gives back what it held', async () => {
  const all = new AnswerBudget({ mostBytes: 64 * KIBIBYTE, mostBytesOfNamespace: 64 * KIBIBYTE })
  const bounds = { mostBytes: 1_024 * KIBIBYTE, account: () => all.account('mail') }
  const url = await listening(answering(200))
  await expect(read(url, boundedAgent(url, {}, bounds))).rejects.toThrow()
  await expect.poll(() => all.held).toBe(0)
  const small = await listening(answering(40))
  expect(await read(small, boundedAgent(small, {}, bounds))).toBe(40 * KIBIBYTE)
  await expect.poll(() => all.held).toBe(0)
})

it('counts all answers over one connection together', async () => {
  const url = await listening(answering(40))
  const agent = boundedAgent(url, { keepAlive: true, maxSockets: 1 }, { mostBytes: 64 * KIBIBYTE })
  expect(await read(url, agent)).toBe(40 * KIBIBYTE)
  await expect(read(url, agent)).rejects.toThrow()
  agent.destroy()
})
