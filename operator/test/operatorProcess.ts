/** The operator as a process of its own beside a real API server, with the rights of its manifests. */
import { join } from 'node:path'
import type { ControlPlane } from '../../hack/servers/controlPlane.ts'
import type { HostsFile } from '../../hack/servers/hosts.ts'
import type { MemoryLimit } from '../../hack/servers/memoryLimit.ts'
import { freePort } from '../../hack/servers/ports.ts'
import { startProcess, untilReady, type ServerProcess } from '../../hack/servers/process.ts'

export const ROOT = join(import.meta.dirname, '../..')
/** As whom the operator comes to the API server. */
export const OPERATOR_USER = 'batchsender-operator'

export interface OperatorOptions {
  /** Of the memory of the operator. */
  readonly limit?: MemoryLimit
  /** Hosts that it knows beside those of the machine. */
  readonly hosts?: HostsFile
  /** More of its settings. */
  readonly env?: Readonly<Record<string, string>>
}

export interface OperatorProcess {
  readonly server: ServerProcess
  /** Of its probes and metrics. */
  readonly url: string
}

/** Until it is ready. @param root of its sources */
export async function startOperator(
  plane: ControlPlane,
  root: string,
  { limit, hosts, env }: OperatorOptions,
): Promise<OperatorProcess> {
  const port = await freePort()
  const node = join(ROOT, 'node_modules/.bin/node')
  const own = [join(root, 'operator/src/main.ts')]
  const limited = limit?.command(node, own)
  const plain = limited ? ([limited.program, limited.args] as const) : ([node, own] as const)
  const server = startProcess(...(hosts?.command(...plain) ?? plain), {
    env: {
      ...process.env,
      ...limit?.env,
      ...env,
      KUBECONFIG: await plane.kubeconfigFor({ name: OPERATOR_USER }),
      PROBE_PORT: String(port),
      DIAL_LOOPBACK: 'true',
    },
  })
  const url = `http://127.0.0.1:${port}`
  await untilReady('the operator', server, async () => (await fetch(`${url}/readyz`)).ok)
  return { server, url }
}

/** What it wrote as the audit log has it, without its lease. */
export async function writesIn(plane: ControlPlane): Promise<string[]> {
  return (await plane.audit())
    .filter(
      ({ user, verb, objectRef }) =>
        user.username === OPERATOR_USER &&
        !['get', 'list', 'watch'].includes(verb) &&
        objectRef?.resource !== 'leases',
    )
    .map(
      ({ verb, objectRef }) =>
        `${verb} ${objectRef?.resource ?? ''}/${objectRef?.name ?? ''}/${objectRef?.subresource ?? ''} in ${objectRef?.namespace ?? ''}`,
    )
}
