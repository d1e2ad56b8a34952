import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSettings } from './settings.ts'

const PAGE = join(import.meta.dirname, '../../docs/operator.md')

/** Every variable that is asked for, whatever it is. */
function variables(): readonly string[] {
  const asked = new Set<string>()
  parseSettings(
    new Proxy<Record<string, string>>(
      {},
      {
        get: (_, name) => {
          asked.add(String(name))
          return name === 'KUBERNETES_SERVICE_HOST' ? '10.0.0.1' : undefined
        },
      },
    ),
  )
  return [...asked].sort()
}

test('every setting stands in docs/operator.md, with the default that it has', async () => {
  const page = await readFile(PAGE, 'utf8')
  expect(variables()).toContain('WATCH_NAMESPACES')
  for (const name of variables()) expect(page).toContain(`\`${name}\``)
  const rows = new Map(
    [...page.matchAll(/^\| `([A-Z_]+)` *\| (.*?) *\|/gm)].map(([, name = '', standard = '']) => [
      name,
      standard,
    ]),
  )
  const { installation, probePort, logLevel, namespace } = parseSettings({})
  expect(Object.fromEntries(rows)).toMatchObject({
    WORKER_IMAGE: `\`${installation.workerImage}\``,
    NATS_IMAGE: `\`${installation.natsImage}\``,
    IMAGE_PULL_POLICY: `\`${installation.imagePullPolicy}\``,
    POD_USER: `\`${installation.podUser}\``,
    CLUSTER_DOMAIN: `\`${installation.clusterDomain}\``,
    LOG_LEVEL: `\`${logLevel}\``,
    PROBE_PORT: `\`${probePort}\``,
    OPERATOR_NAMESPACE: `\`${namespace}\``,
    LEADER_ELECTION: '`true`',
  })
})

test.each([
  ['PROBE_PORT', '70000'],
  ['LOG_LEVEL', 'loud'],
  ['IMAGE_PULL_POLICY', 'Sometimes'],
])('%s=%s is refused by its name', (name, value) => {
  expect(() => parseSettings({ [name]: value })).toThrow(name)
})
