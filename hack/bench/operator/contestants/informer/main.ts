/** An operator as the Kubernetes client's examples suggest: makeInformer and KubernetesObjectApi, nothing of our own. */
import type { KubernetesListObject, KubernetesObject } from '@kubernetes/client-node'
import {
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node'
import type { KubernetesObject as Child, Resource } from '../../../../../operator/src/runtime/object.ts'
import { pathOf } from '../../../../../operator/src/runtime/object.ts'
import { BENCH, CHILD_KINDS, CHILD_SELECTOR, childrenOf } from '../../fixture.ts'
import { says } from '../../says.ts'
import { InTurn } from '../inTurn.ts'

type Bench = Child & { readonly status?: { readonly ready?: boolean; readonly observedGeneration?: number } }

/** Children of an object side by side. */
const isTuned = process.env['TUNED'] === 'true'
const config = new KubeConfig()
config.loadFromDefault()
const api = KubernetesObjectApi.makeApiClient(config)
const customObjects = config.makeApiClient(CustomObjectsApi)
const informers = new Map(
  // Children first: an owner seen before them would be given all of them again.
  [...CHILD_KINDS, BENCH].map((resource) => [resource.kind, informerOf(resource)] as const),
)
const inTurn = new InTurn()

for (const [kind, informer] of informers) {
  const onChange = (object: KubernetesObject) => {
    const { name = '', namespace = '' } = object.metadata ?? {}
    inTurn.add(`${namespace}/${name}`, () => keep(name, namespace))
  }
  for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, onChange)
  informer.on('error', (error: unknown) => {
    console.error(kind, error instanceof Error ? error.message : error)
    setTimeout(() => void informer.start(), 5_000)
  })
}
for (const informer of informers.values()) await informer.start()

function informerOf(resource: Resource) {
  const selector = resource === BENCH ? undefined : CHILD_SELECTOR
  const list = (): Promise<KubernetesListObject<KubernetesObject>> =>
    api.list(
      resource.apiVersion,
      resource.kind,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      selector,
    )
  return makeInformer(config, pathOf(resource), list, selector)
}

function cached(kind: string, name: string, namespace: string): KubernetesObject | undefined {
  return informers.get(kind)?.get(name, namespace)
}

async function keep(name: string, namespace: string): Promise<void> {
  const bench = cached(BENCH.kind, name, namespace) as Bench | undefined
  if (!bench) return
  const tasks = childrenOf(bench).map((child) => async () => {
    const live = cached(child.kind, name, namespace)
    // Items of a list carry neither kind nor version.
    const named = { ...live, apiVersion: child.apiVersion, kind: child.kind }
    if (!live || !says(JSON.parse(JSON.stringify(named)), child)) await apply(child)
  })
  if (isTuned) await Promise.all(tasks.map((task) => task()))
  else for (const task of tasks) await task()
  const { generation } = bench.metadata
  if (bench.status?.ready === true && bench.status.observedGeneration === generation) return
  const status = { ready: true, observedGeneration: generation }
  const [group = '', version = ''] = BENCH.apiVersion.split('/')
  await customObjects.patchNamespacedCustomObjectStatus(
    { group, version, namespace, plural: BENCH.plural, name, body: { status } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  )
}

async function apply(child: Child): Promise<void> {
  await api.patch(
    // The client's type has a Date where JSON has a string; nothing here has either.
    JSON.parse(JSON.stringify(child)) as KubernetesObject & { metadata: { name: string } },
    undefined,
    undefined,
    'bench',
    true,
    PatchStrategy.ServerSideApply,
  )
}
