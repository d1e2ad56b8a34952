/** An operator on the fluent client of Pepr: its watches and its server-side apply, with a cache of what they told. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubernetesObject } from '../../../../../operator/src/runtime/object.ts'
import { keyOf } from '../../../../../operator/src/runtime/object.ts'
import { BENCH, CHILD_KINDS, CHILD_SELECTOR, childrenOf } from '../../fixture.ts'
import { says } from '../../says.ts'
import { InTurn } from '../inTurn.ts'

/** The part of the client that is used; it is installed outside the workspaces. */
interface FluentClient {
  readonly K8s: (model: Model, filters?: { readonly namespace?: string; readonly name?: string }) => Actions
  readonly kind: Readonly<Record<string, Model>>
  readonly RegisterKind: (
    model: Model,
    kind: {
      readonly group: string
      readonly version: string
      readonly kind: string
      readonly plural: string
    },
  ) => void
  readonly GenericKind: Model
}
type Model = new () => object
interface Actions {
  WithLabel(name: string, value: string): Actions
  Watch(
    onEvent: (object: KubernetesObject, phase: string) => void,
    settings: { readonly resyncDelaySec: number },
  ): { start(): Promise<unknown> }
  Apply(object: object, settings: { readonly force: boolean }): Promise<unknown>
  PatchStatus(object: object): Promise<unknown>
}

const { K8s, kind, RegisterKind, GenericKind } = (await import(
  process.env['FLUENT_CLIENT'] ?? ''
)) as FluentClient
class Bench extends GenericKind {}
const [group = '', version = ''] = BENCH.apiVersion.split('/')
RegisterKind(Bench, { group, version, kind: BENCH.kind, plural: BENCH.plural })

const cache = new Map<string, KubernetesObject>()
const inTurn = new InTurn()

// Children first: an owner seen before them would be given all of them again.
for (const { kind: name, apiVersion } of CHILD_KINDS) {
  const [label = '', value = ''] = CHILD_SELECTOR.split('=')
  await K8s(modelOf(name))
    .WithLabel(label, value)
    .Watch(follow(name, apiVersion), { resyncDelaySec: 1 })
    .start()
}
await sleep(1_000)
await K8s(Bench).Watch(follow(BENCH.kind, BENCH.apiVersion), { resyncDelaySec: 1 }).start()

function modelOf(name: string): Model {
  const model = kind[name]
  if (!model) throw new Error(`the client knows no ${name}`)
  return model
}

function follow(name: string, apiVersion: string) {
  return (object: KubernetesObject, phase: string): void => {
    const key = keyOf(object)
    const id = `${name}/${key}`
    if (phase === 'DELETED') cache.delete(id)
    // Items of a list carry neither kind nor version.
    else cache.set(id, { ...object, apiVersion, kind: name })
    inTurn.add(key, () => keep(key))
  }
}

async function keep(key: string): Promise<void> {
  const bench = cache.get(`${BENCH.kind}/${key}`)
  if (!bench) return
  for (const child of childrenOf(bench)) {
    const live = cache.get(`${child.kind}/${key}`)
    if (!live || !says(live, child)) await K8s(modelOf(child.kind)).Apply(child, { force: true })
  }
  const { name, namespace, generation } = bench.metadata
  const status = { ready: true, observedGeneration: generation }
  if (says(bench['status'], status)) return
  await K8s(Bench).PatchStatus({
    apiVersion: BENCH.apiVersion,
    kind: BENCH.kind,
    metadata: { name, namespace },
    status,
  })
}
