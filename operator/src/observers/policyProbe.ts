/** Knocks at ports that NetworkPolicies open to the operator, and at ports that they do not. */
import { connect, type LookupFunction, type TcpNetConnectOpts } from 'node:net'
import type { PolicyProbe } from '../components/networkPolicy/probes.ts'
import type { Sender } from '../components/snapshot.ts'
import type { ProbedPorts } from '../components/networkPolicy/seen.ts'
import type { Observer } from './watchman.ts'

/** A dropped packet has no answer: silence for this long is one. */
const SILENCE_MS = 1_500

/** @param lookup how the names of hosts become addresses; the system's way by default. */
export function policyProbe(
  probesOf: (sender: Sender) => readonly PolicyProbe[],
  lookup?: LookupFunction,
): Observer<'policyProbe'> {
  return {
    name: 'policyProbe',
    async look(sender) {
      const probes = probesOf(sender)
      if (probes.length === 0) return undefined
      const ports = await Promise.all(probes.map((wanted) => probe(wanted, lookup)))
      const isOpen = ports.some(({ forbidden }) => forbidden === true)
      const isSilent = ports.some(({ allowed }) => !allowed)
      return { good: !isOpen && !isSilent, silence: !isOpen, seen: { ports } }
    },
  }
}

async function probe(
  { name, host, allowedPort, forbiddenPort }: PolicyProbe,
  lookup?: LookupFunction,
): Promise<ProbedPorts> {
  const knock = (port: number) => answers({ host, port, ...(lookup && { lookup }) })
  if (forbiddenPort === undefined) return { name, allowedPort, allowed: await knock(allowedPort) }
  const [allowed, forbidden] = await Promise.all([knock(allowedPort), knock(forbiddenPort)])
  return { name, allowedPort, allowed, forbiddenPort, forbidden }
}

/** Whether a connection comes about; nothing is said over it. Never throws. */
function answers(target: TcpNetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target)
    const end = (answer: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, SILENCE_MS, false)
    socket.once('connect', () => {
      end(true)
    })
    socket.once('error', () => {
      end(false)
    })
  })
}
