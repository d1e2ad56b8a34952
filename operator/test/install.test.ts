import { join } from 'node:path'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ControlPlane } from '../../hack/servers/controlPlane.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { openShell, type Shell } from '../../hack/docs/shell.ts'
import { startControlPlane } from '../../hack/servers/controlPlane.ts'
import { imageText, RELEASE } from '../../crds/release.ts'
import type { KubernetesObject } from '../src/runtime/object.ts'

const CONFIG = join(import.meta.dirname, '../../config')
const RIGHTS = ['secrets', 'batchsenders.batchsender.io', 'leases.coordination.k8s.io/batchsender-operator']

let kubectl: string
beforeAll(async () => {
  kubectl = await binary('kubectl')
})

async function render(folder: string): Promise<readonly KubernetesObject[]> {
  const text = await run(kubectl, ['kustomize', folder])
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
}

interface Container {
  readonly name: string
  readonly image: string
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
}

interface Pod {
  readonly securityContext: object
  readonly containers: readonly [Container]
}

function podIn(objects: readonly KubernetesObject[]): Pod {
  const deployment = objects.find(({ kind }) => kind === 'Deployment')
  return (deployment?.['spec'] as { template: { spec: Pod } }).template.spec
}

const operatorIn = (objects: readonly KubernetesObject[]): Container => podIn(objects).containers[0]

const environment = (objects: readonly KubernetesObject[]) =>
  Object.fromEntries(operatorIn(objects).env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]))

describe('an overlay of one’s own', () => {
  let folder: string
  beforeAll(async () => {
    // Bases are named by relative paths: beside config.
    folder = await mkdtemp(join(CONFIG, '../.overlay-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const overlay = async (base: string) => {
    const text = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: newcomer-system
resources: [../config/${base}]
images:
  - { name: batchsender/operator, newName: registry.example.com:5000/a/operator, newTag: '7' }
  - { name: batchsender/worker, newName: registry.example.com:5000/a/worker, digest: 'sha256:${'0'.repeat(64)}' }
  - { name: nats, newName: registry.example.com:5000/a/nats }
`
    await writeFile(join(folder, 'kustomization.yaml'), text)
    return render(folder)
  }

  test.each(['default', 'cluster-wide'])('moves everything of %s into its namespace', async (base) => {
    const objects = await overlay(base)
    const placed = objects.map(({ kind, metadata }) =>
      kind === 'Namespace' ? metadata.name : metadata.namespace,
    )
    expect(new Set(placed)).toEqual(new Set(['newcomer-system', undefined]))
    const subjects = objects.flatMap((object) => (object['subjects'] ?? []) as { namespace: string }[])
    expect(subjects.map(({ namespace }) => namespace)).toEqual(['newcomer-system', 'newcomer-system'])
    expect(JSON.stringify(objects)).not.toContain('batchsender-system')
  })

  test.each(['default', 'cluster-wide'])('moves all three images of %s', async (base) => {
    const objects = await overlay(base)
    expect(operatorIn(objects).image).toBe('registry.example.com:5000/a/operator:7')
    expect(environment(objects)).toMatchObject({
      WORKER_IMAGE: `registry.example.com:5000/a/worker@sha256:${'0'.repeat(64)}`,
      NATS_IMAGE: `registry.example.com:5000/a/nats:${RELEASE.images.nats.tag}`,
    })
  })
})

test('the forms differ in what they watch', async () => {
  const own = { fieldRef: { fieldPath: 'metadata.namespace' } }
  const [namespaced, everywhere] = [
    await render(join(CONFIG, 'default')),
    await render(join(CONFIG, 'cluster-wide')),
  ]
  expect(environment(namespaced)).toMatchObject({ WATCH_NAMESPACES: own })
  expect(environment(everywhere)).toMatchObject({ WATCH_NAMESPACES: '', OPERATOR_NAMESPACE: own })
})

test.each(['default', 'cluster-wide'])(
  'the operator of %s runs as whom its image or the cluster says',
  async (form) => {
    const { securityContext, containers } = podIn(await render(join(CONFIG, form)))
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    const image = await readFile(join(CONFIG, '../Dockerfile'), 'utf8')
    expect(image.match(/^USER .*/gm)).toEqual(['USER 65532:65532', 'USER 65532:65532'])
    expect(JSON.stringify(containers)).not.toMatch(/"(runAs(User|Group)|fsGroup)"/)
  },
)

test('nobody may call the operator but whom an overlay lets in', async () => {
  const policies = (await render(join(CONFIG, 'samples/overlay'))).filter(
    ({ kind }) => kind === 'NetworkPolicy',
  )
  expect(
    policies.map(({ metadata, spec }: KubernetesObject & { spec?: unknown }) => [metadata.name, spec]),
  ).toEqual([
    [
      'batchsender-operator',
      {
        podSelector: { matchLabels: { 'app.kubernetes.io/name': 'batchsender-operator' } },
        policyTypes: ['Ingress'],
      },
    ],
    ['batchsender-operator-metrics', expect.objectContaining({ ingress: [expect.anything()] }) as unknown],
  ])
})

describe('the sample overlay, applied as README.md has it', () => {
  let plane: ControlPlane
  let reader: Shell
  const ask = (args: readonly string[], input?: string) =>
    run(kubectl, ['--kubeconfig', plane.kubeconfig, ...args], input === undefined ? {} : { input })

  beforeAll(async () => {
    plane = await startControlPlane()
    reader = await openShell({ kubectl, kubeconfig: plane.kubeconfig, namespace: 'default' })
    await install()
  })
  afterAll(async () => {
    await reader.close()
    await plane.stop()
  })

  /** In a checkout, where the reader of it is. */
  const install = () => reader.run(`cd '${join(CONFIG, '..')}'\n${procedure('README.md#install').text}`)

  test.each(RIGHTS)('gives the operator its rights on %s', async (resource) => {
    const as = ['--as', 'system:serviceaccount:mail:batchsender-operator']
    expect((await ask(['auth', 'can-i', 'get', resource, '-n', 'mail', ...as])).trim()).toBe('yes')
    await expect(ask(['auth', 'can-i', 'get', resource, '-n', 'default', ...as])).rejects.toThrow()
  })

  test.each(['get', 'update'])('lets the operator %s its own lease, no other', async (verb) => {
    const as = ['--as', 'system:serviceaccount:mail:batchsender-operator']
    const may = (name: string) =>
      ask(['auth', 'can-i', verb, `leases.coordination.k8s.io/${name}`, '-n', 'mail', ...as])
    expect((await may('batchsender-operator')).trim()).toBe('yes')
    await expect(may('another')).rejects.toThrow()
  })

  test('is there as it was written, and applied again changes nothing', async () => {
    const seen = async () =>
      ask([
        '-n',
        'mail',
        'get',
        'deployment/batchsender-operator',
        '-o',
        'jsonpath={.metadata.generation} {.spec.template.spec.containers[0].image}',
      ])
    expect(await seen()).toBe(`1 registry.example.com/${imageText(RELEASE.images.operator)}`)
    await install()
    expect(await seen()).toBe(`1 registry.example.com/${imageText(RELEASE.images.operator)}`)
  })

  test('loses its operator alone by the command of docs/operator.md', async () => {
    await ask(['-n', 'mail', 'apply', '-f', join(CONFIG, 'samples/minimal.yaml')])
    const remove = procedure('docs/operator.md#remove-operator')
    await reader.run(remove.with({ 'batchsender-system': 'mail' }).text)
    const left = await ask(['-n', 'mail', 'get', 'deployments,batchsenders', '-o', 'name'])
    expect(left.trim()).toBe('batchsender.batchsender.io/orders')
    await install()
    const back = await ask(['-n', 'mail', 'get', 'deployments', '-o', 'name'])
    expect(back.trim()).toBe('deployment.apps/batchsender-operator')
  })
})
