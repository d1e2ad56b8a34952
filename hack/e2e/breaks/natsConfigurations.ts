/** Configurations of NATS that let in more than they should, and who comes in by them. */
import { connect } from 'node:net'
import { patched } from './hands.ts'
import { NAME, type Environment } from '../environment.ts'

const CONFIG_MAP = 'orders-nats'

async function present(here: Environment): Promise<string> {
  const { data } = (await here.get('configmap', CONFIG_MAP)) as { data?: Record<string, string> }
  return data?.['nats.conf'] ?? ''
}

export async function writeConfiguration(here: Environment, text: string): Promise<void> {
  await patched(here, 'configmap', CONFIG_MAP, { data: { 'nats.conf': text } })
}

/** Whoever shows nothing is taken for the operator. */
const everybody = ({ namespace }: Environment) =>
  `no_auth_user: "operator.${NAME}.${namespace}.nats.batchsender.internal"\n`

/** Of TLS for clients, not of that for routes, which is indented. @throws Error when the text has none */
function changed(text: string, change: (block: string) => string): string {
  const [block] = /^tls \{\n[^}]*\}\n/m.exec(text) ?? []
  if (block === undefined) throw new Error('the configuration has no TLS for clients')
  return text.replace(block, change(block))
}

export async function withoutTls(here: Environment): Promise<string> {
  return changed(await present(here), () => everybody(here))
}

export async function withoutVerify(here: Environment): Promise<string> {
  const text = await present(here)
  return changed(text, (block) => block.replace(/ *verify_and_map: true\n/, '') + everybody(here))
}

/** @throws Error unless a client in plain text is served at a node */
export async function anybody(here: Environment, node: string): Promise<void> {
  const host = await here.kubectl('get', 'pod', node, '-o', 'jsonpath={.status.podIP}')
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port: 4222, timeout: 10_000 })
    let text = ''
    socket.once('connect', () => socket.write('CONNECT {"verbose":false}\r\nPING\r\n'))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (!text.includes('PONG')) return
      socket.destroy()
      resolve()
    })
    socket.once('timeout', () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('close', () => {
      reject(new Error(`nobody is let in: ${text}`))
    })
  })
}
