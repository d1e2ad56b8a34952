/**
 * Tries connections, from whatever network namespace it is run in: `node probe.ts connect JSON` prints what became of each
 * target. `node probe.ts listen ADDRESS:PORT…` takes connections until its input ends.
 */
import { Resolver } from 'node:dns/promises'
import { connect, createServer } from 'node:net'

export interface Target {
  readonly host: string
  readonly port: number
  /** Asks for a name, over UDP. */
  readonly dns?: boolean
}

/** `refused` has arrived, too: somebody was there to say no. `silence` is what a dropped packet leaves. */
export type Fate = 'open' | 'refused' | 'silence'

const PATIENCE_MS = 2_500

if (import.meta.main) {
  const [command, ...rest] = process.argv.slice(2)
  if (command === 'listen') listen(rest)
  else console.log(JSON.stringify(await Promise.all((JSON.parse(rest[0] ?? '[]') as Target[]).map(fateOf))))
}

function fateOf(target: Target): Promise<Fate> {
  return target.dns === true ? asked(target) : connected(target)
}

function connected({ host, port }: Target): Promise<Fate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const timer = setTimeout(() => {
      socket.destroy()
      resolve('silence')
    }, PATIENCE_MS)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.destroy()
      resolve('open')
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      if (error.code === 'ECONNREFUSED') resolve('refused')
      else reject(error)
    })
  })
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
