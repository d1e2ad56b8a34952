/**
 * Tries connections, from whatever network namespace it is run in: `node probe.ts connect JSON` prints what became of each
 * target. `node probe.ts listen ADDRESS:PORT…` takes connections until its input ends.
 */
import { Resolver } from 'node:dns/promises'
import { createServer } from 'node:net'
import type { ConnectionFate } from '../../worker/src/probe/connection.ts'
import { tryToConnect } from '../../worker/src/probe/connection.ts'

export interface Target {
  readonly host: string
  readonly port: number
  /** Asks for a name, over UDP. */
  readonly dns?: boolean
}

export type Fate = ConnectionFate

const PATIENCE_MS = 2_500

if (import.meta.main) {
  const [command, ...rest] = process.argv.slice(2)
  if (command === 'listen') listen(rest)
  else console.log(JSON.stringify(await Promise.all((JSON.parse(rest[0] ?? '[]') as Target[]).map(fateOf))))
}

function fateOf(target: Target): Promise<Fate> {
  return target.dns === true ? asked(target) : tryToConnect(target, PATIENCE_MS)
}

async function asked({ host, port }: Target): Promise<Fate> {
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 })
  resolver.setServers([`${host}:${port}`])
  return resolver.resolve4('kubernetes.default.svc.cluster.local').then(
    () => 'open',
    (error: unknown) => {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ETIMEOUT') return 'silence'
      if (code === 'ECONNREFUSED') return 'refused'
      throw error
    },
  )
}

function listen(addresses: readonly string[]): void {
  for (const address of addresses) {
    const [host, port] = address.split(':')
    createServer((socket) => socket.destroy()).listen(Number(port), host)
  }
  process.stdin.resume().once('end', () => process.exit())
}
