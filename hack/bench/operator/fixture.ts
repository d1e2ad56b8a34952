/** What every contestant has to keep: one kind, five children of each of its objects, a status. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesObject, Resource } from '../../../operator/src/runtime/object.ts'

const GROUP = 'bench.batchsender.io'

export const CHILD_SELECTOR = `${GROUP}/child=true`

export const BENCH: Resource = {
  apiVersion: `${GROUP}/v1`,
  kind: 'Bench',
  plural: 'benches',
  namespaced: true,
}

const resource = (apiVersion: string, kind: string, plural: string): Resource => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
})

/** In the order of the template. */
export const CHILD_KINDS = [
  resource('v1', 'Secret', 'secrets'),
  resource('v1', 'ConfigMap', 'configmaps'),
  resource('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  resource('batch/v1', 'CronJob', 'cronjobs'),
  resource('apps/v1', 'Deployment', 'deployments'),
] as const

/** For each kind, how somebody else edits a field that the operator owns. */
export const EDITS: Readonly<Record<string, object>> = {
  Secret: { data: { token: 'ZWRpdGVk' } },
  ConfigMap: { data: { config: 'edited' } },
  NetworkPolicy: { spec: { podSelector: { matchLabels: { app: 'edited' } } } },
  CronJob: { spec: { schedule: '5 5 * * *' } },
  Deployment: { spec: { replicas: 7 } },
}

/** One template for every language, filled in by replacing words: what is sent is the same to the byte. */
export const TEMPLATE_PATH = join(import.meta.dirname, 'children.json')
const TEMPLATE = readFileSync(process.env['CHILDREN'] ?? TEMPLATE_PATH, 'utf8')

export function childrenOf({ metadata }: KubernetesObject): readonly KubernetesObject[] {
  const { name, namespace = '', uid = '' } = metadata
  const text = TEMPLATE.replaceAll('$NAMESPACE', namespace).replaceAll('$NAME', name).replaceAll('$UID', uid)
  return JSON.parse(text) as KubernetesObject[]
}

export function benchOf(namespace: string, name: string): KubernetesObject {
  return { apiVersion: BENCH.apiVersion, kind: BENCH.kind, metadata: { name, namespace }, spec: {} }
}

export const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${BENCH.plural}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { kind: BENCH.kind, plural: BENCH.plural, singular: 'bench', listKind: 'BenchList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object' },
              status: {
                type: 'object',
                // kopf keeps its progress here while it works.
                'x-kubernetes-preserve-unknown-fields': true,
                properties: { ready: { type: 'boolean' }, observedGeneration: { type: 'integer' } },
              },
            },
          },
        },
      },
    ],
  },
}
