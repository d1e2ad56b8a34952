/** The demo in a cluster of the caller's: what is asked before, how it is reached, and what is taken away again. */
import { OPERATOR_NAMESPACE } from '../../operator/src/settings.ts'
import { OPERATOR } from '../../operator/src/vocabulary/labels.ts'
import { kubectl, type Cluster } from '../cluster/cluster.ts'
import { Forwards } from './forwards.ts'
import type { Endpoints } from './mail.ts'

const DEFINITION = 'crd/batchsenders.batchsender.io'
/** The definition alone is what an earlier demo left. */
const IN_USE = {
  BatchSenders: ['batchsenders.batchsender.io'],
  'an operator of BatchSenders': ['deployments', '-l', `app.kubernetes.io/name=${OPERATOR}`],
}

/** @returns where it goes, in words. @throws Error where it would replace an operator that is at work there */
export async function untroubled(cluster: Cluster, namespace: string): Promise<string> {
  const context = (await kubectl(cluster, ['config', 'current-context'])).trim()
  if ((await isThere(cluster, DEFINITION)) && !(await isOurs(cluster, namespace)))
    for (const [what, kind] of Object.entries(IN_USE))
      if ((await kubectl(cluster, ['get', ...kind, '-A', '-o', 'name'])).trim() !== '')
        throw new Error(
          `the cluster of the context ${context} has ${what} already: the demo would replace their operator. Use another cluster`,
        )
  return `the cluster of the context ${context}: ${OPERATOR_NAMESPACE} and ${namespace} are made in it`
}

export async function endpointsIn(
  cluster: Cluster,
  {
    namespace,
    name,
    apiToken,
  }: { readonly namespace: string; readonly name: string; readonly apiToken: string },
): Promise<{ readonly endpoints: Endpoints; readonly close: () => void }> {
  const forwards = new Forwards(cluster, namespace)
  const [apiUrl, sinkUrl] = [await forwards.url(`${name}-worker`, 80), await forwards.url('smtp-sink', 8025)]
  return {
    endpoints: { apiUrl, apiToken, sinkUrl },
    close: () => {
      forwards.close()
    },
  }
}

export const lookAround = (namespace: string, name: string): string =>
  `\nLook around:\n  kubectl get bs -A\n  kubectl -n ${namespace} describe bs ${name}\n  kubectl -n ${namespace} port-forward service/${name}-worker 8080:80\nEnd it with: make stop CLUSTER=current`

/** @returns what stays, in words. @throws Error where the demo is not */
export async function removeFrom(cluster: Cluster, namespace: string): Promise<string> {
  if (!(await isOurs(cluster, namespace))) throw new Error(`there is no demo in the namespace ${namespace}`)
  // Before its operator, so that nothing is left that only the operator would take away.
  for (const each of [namespace, OPERATOR_NAMESPACE])
    await kubectl(cluster, ['delete', 'namespace', each, '--ignore-not-found', '--timeout=300s'])
  return `removed; the definition and the cluster roles are still there: kubectl delete ${DEFINITION}; kubectl delete clusterrole,clusterrolebinding -l app.kubernetes.io/part-of=batchsender`
}

async function isThere(cluster: Cluster, object: string, namespace?: string): Promise<boolean> {
  const within = namespace === undefined ? [] : ['-n', namespace]
  return (
    (await kubectl(cluster, [...within, 'get', object, '--ignore-not-found', '-o', 'name'])).trim() !== ''
  )
}

const isOurs = (cluster: Cluster, namespace: string) => isThere(cluster, 'secret/demo-credentials', namespace)
