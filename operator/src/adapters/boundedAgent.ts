/** An agent for HTTP whose connections end when a server sends more than is ever asked for. */
import type { AgentOptions as HttpsAgentOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Account } from './answerBudget.ts'

/** What was sent is more than is read. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

export interface Bounds {
  /** Of all answers over one connection, headers and errors included. */
  readonly mostBytes: number
  /** For each connection: what it may hold beside all others; left out where `mostBytes` is free (answerBudget.ts). */
  readonly account?: () => Account
}

export function boundedAgent(url: string, options: HttpsAgentOptions, bounds: Bounds): HttpAgent {
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options)
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (...args: Parameters<typeof connect>) => {
    const socket = connect(...args)
    if (socket) bound(socket, bounds)
    return socket
  }
  return agent
}

function bound(socket: Duplex, { mostBytes, account }: Bounds): void {
  const held = account?.()
  let bytes = 0
  if (held) socket.once('close', held.end)
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > mostBytes) socket.destroy(new TooMuch(`more than ${mostBytes} bytes`))
    else if (held?.take(chunk.length) === false)
      socket.destroy(new TooMuch('more than there is room for beside others'))
  })
}
