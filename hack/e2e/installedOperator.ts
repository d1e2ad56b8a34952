/** The operator that a cluster has, taken note of, so that a test that puts others in its place can put it back. */
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { kubectl, type Cluster } from '../cluster/cluster.ts'
import { installOperator } from '../demo/install.ts'

const NAMES = /^(batchsender-|batchsenders\.)/
const KINDS = [
  'customresourcedefinitions,clusterroles,clusterrolebindings',
  'serviceaccounts,podtemplates,networkpolicies,roles,rolebindings,deployments',
]

interface Kept {
  readonly metadata: { readonly name: string } & Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

/** @returns puts it back as it was; where there is none, the demo's is installed */
export async function rememberedOperator(cluster: Cluster): Promise<() => Promise<void>> {
  const lists = await Promise.all(
    KINDS.map(async (kinds) => {
      const text = await kubectl(cluster, ['-n', OPERATOR_NAMESPACE, 'get', kinds, '-o', 'json'])
      return (JSON.parse(text) as { items: readonly Kept[] }).items
    }),
  )
  const objects = lists.flat().filter(({ metadata }) => NAMES.test(metadata.name))
  const hasOperator = objects.some(({ kind }) => kind === 'Deployment')
  return async () => {
    if (!hasOperator) return installOperator(cluster, 'cluster-wide')
    const text = objects.map((object) => JSON.stringify(asWritten(object))).join('\n')
    await kubectl(cluster, ['apply', '--server-side', '--force-conflicts', '-f', '-'], text)
    const rollout = ['rollout', 'status', 'deployment/batchsender-operator', '--timeout=300s']
    await kubectl(cluster, ['-n', OPERATOR_NAMESPACE, ...rollout])
  }
}

/** Without what only the API server says. */
function asWritten(object: Kept): object {
  const { name, namespace, labels, annotations } = object.metadata
  return { ...object, status: undefined, metadata: { name, namespace, labels, annotations } }
}
