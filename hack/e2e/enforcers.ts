/**
 * Who enforces NetworkPolicies in the local cluster: our own stand-in, nobody, or kube-network-policies of SIG Network.
 * Everything happens in the network and pid namespaces of the cluster, and goes with it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { PREFIX } from '../cluster/enforcer/render.ts'
import { adminKubeconfig, SCRIPT, script, scriptEnvironment } from '../cluster/cluster.ts'

/** Our enforcer sleeps, and the way into its rules is shut: policies have no effect. */
export async function stopEnforcing(): Promise<void> {
  await signalEnforcer('STOP')
  for (const [chain, ours] of Object.entries(HOOKS))
    await inCluster(`iptables -w -D ${chain} -j ${ours} || true`)
}

/** It wakes up and puts its rules first again, within seconds. */
export const startEnforcing = (): Promise<void> => signalEnforcer('CONT')

const HOOKS = { FORWARD: PREFIX, INPUT: `${PREFIX}-IN` }

async function inCluster(command: string): Promise<void> {
  await script('exec', 'sh', '-c', command)
}

const signalEnforcer = (signal: 'STOP' | 'CONT') => signalTo('enforcer/main.t[s]', signal)

/** Processes of the cluster whose command line has it; brackets in it keep the shell that looks from finding itself. */
function signalTo(pattern: string, signal: string): Promise<void> {
  return inCluster(
    `for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline) in *${pattern}*) kill -${signal} \${p#/proc/} ;; esac; done`,
  )
}

const QUEUE = 100
/** New connections between pods, and from pods to their node. The kernel here has no nft queue, which it would use itself. */
const QUEUED = [
  `FORWARD -m conntrack --ctstate NEW -j NFQUEUE --queue-num ${QUEUE}`,
  `INPUT -s 10.244.0.0/16 -m conntrack --ctstate NEW -j NFQUEUE --queue-num ${QUEUE}`,
]

/** Judges each first packet, as the reference enforcer does. */
export class SigNetworkEnforcer {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(program: string): Promise<SigNetworkEnforcer> {
    await stopEnforcing()
    const args = [
      `--kubeconfig=${adminKubeconfig}`,
      '--hostname-override=node1',
      '--disable-nri',
      `--nfqueue-id=${QUEUE}`,
      '--metrics-bind-address=127.0.0.1:19080',
    ]
    const child = spawn(SCRIPT, ['exec', program, ...args], {
      env: scriptEnvironment(),
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    for (const rule of QUEUED) await inCluster(`iptables -w -I ${rule}`)
    return new SigNetworkEnforcer(child)
  }

  async stop(): Promise<void> {
    for (const rule of QUEUED) await inCluster(`iptables -w -D ${rule} || true`)
    // It is a child of the process that was started, which would leave it behind.
    await signalTo('kube-network-policie[s]', 'TERM')
    this.#child.kill()
    await startEnforcing()
  }
}
