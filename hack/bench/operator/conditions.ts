/** On what it was measured: the machine and the versions, as pinned in the work tree. */
import { readFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { repositoryDir } from '../../cluster/paths.ts'

export function machine(): string {
  const processors = cpus()
  const gibibytes = (totalmem() / 1_073_741_824).toFixed(0)
  return `${processors.length} × ${processors[0]?.model ?? 'processor'}, ${gibibytes} GiB, Linux ${release()}`
}

/** Name → file below `contestants` → what stands before and around the version. */
const PINNED: readonly (readonly [string, string, RegExp])[] = [
  ['kube-apiserver', '../../../cluster/tools/kubernetes/go.mod', /k8s\.io\/kubernetes v(\S+)/],
  ['controller-runtime', 'controllerRuntime/go.mod', /sigs\.k8s\.io\/controller-runtime v(\S+)/],
  ['kopf', 'kopf/requirements.txt', /^kopf==(\S+)/m],
  [
    'Java Operator SDK',
    'javaOperatorSdk/pom.xml',
    /operator-framework-core<\/artifactId>\s*<version>([^<]+)/,
  ],
  ['kubernetes-fluent-client', 'fluentClient/packages/package.json', /"kubernetes-fluent-client": "([^"]+)"/],
]

export async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = { Node: process.versions.node }
  for (const [name, path, pattern] of PINNED) {
    const text = await readFile(join(import.meta.dirname, 'contestants', path), 'utf8')
    found[name] = pattern.exec(text)?.[1] ?? 'unknown'
  }
  const client = await readFile(
    join(repositoryDir, 'node_modules/@kubernetes/client-node/package.json'),
    'utf8',
  )
  found['@kubernetes/client-node'] = (JSON.parse(client) as { version: string }).version
  return found
}
