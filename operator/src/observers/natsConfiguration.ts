/** Asks every NATS node which configuration it runs: a file that was put right says nothing of the process. */
import type { NatsAddress } from '../components/parts/natsAccess.ts'
import type { Sender } from '../components/snapshot.ts'
import type { NodeConfiguration } from '../components/nats/seen.ts'
import type { Observer } from './watchman.ts'
import { Astray } from './astray.ts'

export interface ConfigurationTarget {
  /** Tells the wished configuration from another one. */
  readonly wished: string
  readonly nodes: readonly NatsAddress[]
}

export interface ConfigurationLook {
  /** What to look at; nothing while NATS cannot be there yet. */
  readonly target: (sender: Sender) => ConfigurationTarget | undefined
  /** Never throws. */
  readonly look: (
    sender: Sender,
    nodes: readonly NatsAddress[],
    signal: AbortSignal,
  ) => Promise<readonly NodeConfiguration[]>
}

export function natsConfiguration({ target, look }: ConfigurationLook): Observer<'natsConfiguration'> {
  const astray = new Astray()
  return {
    name: 'natsConfiguration',
    async look(sender, signal) {
      const wanted = target(sender)
      if (!wanted) return undefined
      const seen = await look(sender, wanted.nodes, signal)
      const remarks = seen.map((node) => ({
        name: node.name,
        isAstray: isAstray(node),
        isSeen: node.isWished === true || isAstray(node),
      }))
      const since = astray.note(`${sender.uid} ${wanted.wished}`, remarks, new Date())
      const nodes = seen.map((node) => {
        const astraySince = since.get(node.name)
        return { ...node, ...(astraySince && { astraySince }) }
      })
      return {
        good: nodes.every(({ isWished }) => isWished === true),
        seen: { wished: wanted.wished, nodes },
      }
    },
  }
}

function isAstray({ isWished, turnsAway }: NodeConfiguration): boolean {
  return isWished === false || turnsAway === true
}
