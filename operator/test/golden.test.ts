/** Every golden manifest, written to a real API server as the operator writes it, read back, and found to be the same. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { binary } from '../../hack/cluster/binaries.ts'
import { run } from '../../hack/cluster/shell.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { FIELD_MANAGER } from '../src/adapters/kubernetes.ts'
import { standingOf } from '../src/runtime/managedFields.ts'
import { ROOT } from './harness.ts'

const FOLDER = join(ROOT, 'operator/test/golden')

let plane: ControlPlane
let kubectlPath: string

beforeAll(async () => {
  plane = await startControlPlane()
  kubectlPath = await binary('kubectl')
})
afterAll(() => plane.stop())

const kubectl = (args: readonly string[], input?: string) =>
  run(kubectlPath, ['--kubeconfig', plane.kubeconfig, ...args], input === undefined ? {} : { input })

const apply = (namespace: string, object: object) =>
  kubectl(
    ['-n', namespace, 'apply', '--server-side', `--field-manager=${FIELD_MANAGER}`, '-f', '-'],
    JSON.stringify(object),
  )

async function read(namespace: string, { kind, metadata }: KubernetesObject): Promise<KubernetesObject> {
  const args = ['-n', namespace, 'get', kind, metadata.name, '--show-managed-fields', '-o', 'json']
  return JSON.parse(await kubectl(args)) as KubernetesObject
}

async function check(namespace: string, object: KubernetesObject): Promise<void> {
  const { name, labels } = object.metadata
  const here: KubernetesObject = { ...object, metadata: { name, namespace, ...(labels && { labels }) } }
  await apply(namespace, here)
  const live = await read(namespace, here)
  const what = `${object.kind} ${name}`
  expect({ [what]: standingOf(live, here, FIELD_MANAGER) }).toEqual({ [what]: 'applied' })
  await apply(namespace, here)
  const again = await read(namespace, here)
  expect(again.metadata.resourceVersion).toBe(live.metadata.resourceVersion)
}

const samples = (await readdir(FOLDER)).map((file) => file.replace('.yaml', ''))

describe('the manifests of', () => {
  it.each(samples)(
    '%s say all that the server would fill in, so a second look finds nothing to do',
    async (sample) => {
      await kubectl(['create', 'namespace', sample])
      const text = await readFile(join(FOLDER, `${sample}.yaml`), 'utf8')
      const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
      expect(objects.length).toBeGreaterThan(8)
      await Promise.all(objects.map((object) => check(sample, object)))
    },
  )
})
