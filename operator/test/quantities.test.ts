/** Quantities as the real API server spells them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubernetesObject } from '../src/runtime/object.ts'
import type { ControlPlane } from '../../hack/servers/controlPlane.ts'
import { startControlPlane } from '../../hack/servers/controlPlane.ts'
import { canonicalQuantity } from '../../crds/quantity.ts'
import { ApiClient } from './apiClient.ts'

let plane: ControlPlane
let api: ApiClient

beforeAll(async () => {
  plane = await startControlPlane()
  api = await ApiClient.with(plane.kubeconfig)
})

afterAll(async () => {
  api.close()
  await plane.stop()
})

const deployment = (resources: object): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'quantities', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { app: 'x' } },
      spec: { containers: [{ name: 'x', image: 'x', resources }] },
    },
  },
})

interface Pods {
  readonly template: {
    readonly spec: { readonly containers: readonly { resources: { requests: Record<string, string> } }[] }
  }
}

const QUANTITIES = [
  ...[
    '1024Mi',
    '1000m',
    '0.5',
    '.5',
    '5.',
    '1Gi',
    '1.5Gi',
    '512',
    '2000',
    '1500',
    '1e3',
    '1E3',
    '12e2',
    '1E',
  ],
  ...[
    '0',
    '0Mi',
    '1Ki',
    '0.5Ki',
    '1000Ki',
    '007',
    '100u',
    '1n',
    '1.0001',
    '0.1Mi',
    '1234567890',
    '3e-2',
    '1.5e3',
  ],
  ...['1048576', '1048576Ki', '2.5M', '1000k', '0.001k', '4Ei', '999m', '1001m', '1.5Ki', '0.3Gi', '+2'],
]

async function keptAs(given: unknown): Promise<string | undefined> {
  await api.apply(deployment({ requests: { cpu: given } }))
  const live = await api.get('deployment', 'default', 'quantities')
  const [container] = (live?.['spec'] as Pods).template.spec.containers
  return container?.resources.requests['cpu']
}

/** A few odd spellings are kept as they were given, until they are given otherwise. */
const KEPT = ['5.', '1E3', '007', '+2']

describe('a quantity', () => {
  it.each([...QUANTITIES, 1, 0.25, 1.5])(
    '%s is written so that the server has nothing to change',
    async (given) => {
      const canonical = canonicalQuantity(given, 'milli')
      if (!KEPT.includes(String(given))) expect(await keptAs(given)).toBe(canonical)
      expect(await keptAs(canonical)).toBe(canonical)
    },
  )
})
