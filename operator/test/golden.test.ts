/** Every golden manifest, written to a real API server as the operator writes it, read back, and found to be the same. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import { startControlPlane, type ControlPlane } from '../../hack/servers/controlPlane.ts'
import { gatewayDefinitions } from '../../hack/servers/gatewayDefinitions.ts'
import { monitoringKind } from '../../hack/servers/monitoringKinds.ts'
import { FIELD_MANAGER } from '../src/adapters/kubernetes.ts'
import { standingOf } from '../src/runtime/managedFields.ts'
import { ApiClient } from './apiClient.ts'
import { ROOT } from './harness.ts'

const AS_OPERATOR = { manager: FIELD_MANAGER }
const FOLDER = join(ROOT, 'operator/test/golden')

let plane: ControlPlane
let api: ApiClient

beforeAll(async () => {
  plane = await startControlPlane()
  api = await ApiClient.with(plane.kubeconfig)
  for (const plural of ['servicemonitors', 'prometheusrules'] as const) {
    await api.apply(await monitoringKind(plural))
    await api.untilServed(plural)
  }
  await Promise.all((await gatewayDefinitions()).map((definition) => api.apply(definition)))
  for (const kind of ['httproutes', 'middlewares', 'backendtrafficpolicies']) await api.untilServed(kind)
})
afterAll(async () => {
  api.close()
  await plane.stop()
})

async function check(namespace: string, object: KubernetesObject): Promise<void> {
  const { name, labels } = object.metadata
  const here: KubernetesObject = { ...object, metadata: { name, namespace, ...(labels && { labels }) } }
  const live = await api.apply(here, AS_OPERATOR)
  const what = `${object.kind} ${name}`
  expect({ [what]: standingOf(live, here, FIELD_MANAGER) }).toEqual({ [what]: 'applied' })
  const again = await api.apply(here, AS_OPERATOR)
  expect(again.metadata.resourceVersion).toBe(live.metadata.resourceVersion)
}

const samples = (await readdir(FOLDER)).map((file) => file.replace('.yaml', ''))

describe('the manifests of', () => {
  it.each(samples)(
    '%s say all that the server would fill in, so a second look finds nothing to do',
    async (sample) => {
      await api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: sample } })
      const text = await readFile(join(FOLDER, `${sample}.yaml`), 'utf8')
      const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject)
      expect(objects.length).toBeGreaterThan(8)
      await Promise.all(objects.map((object) => check(sample, object)))
    },
  )
})
