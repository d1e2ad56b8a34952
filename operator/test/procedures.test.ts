/** What the documents tell people to do with the API server: commands as they are written, manifests as they are printed. */
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse, parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest'
import { blocksOf } from '../../hack/docs/blocks.ts'
import { procedure } from '../../hack/docs/procedures.ts'
import { gatewayApiDefinitions } from '../../hack/servers/gatewayDefinitions.ts'
import type { Shell } from '../../hack/docs/shell.ts'
import { openUnsubscribeLinks, type UnsubscribeLinks } from '../../worker/src/unsubscribe.ts'
import { Harness, ROOT } from './harness.ts'
import { batchSenderOf } from './objects.ts'
import { merged } from './patches.ts'
import { terminal } from './terminal.ts'

const cluster = new Harness()
let reader: Shell

beforeAll(async () => {
  await cluster.start()
  for (const definition of await gatewayApiDefinitions()) await cluster.api.apply(definition)
  await cluster.api.untilServed('httproutes')
})
afterAll(() => cluster.stop())
beforeEach(async () => {
  await cluster.newNamespace()
  reader = await terminal(cluster)
  return () => reader.close()
})

async function textOf(kind: 'configmap' | 'secret', name: string, key: string): Promise<string> {
  const { data = {} } = ((await cluster.get(kind, name)) ?? {}) as { data?: Record<string, string> }
  return kind === 'secret' ? Buffer.from(data[key] ?? '', 'base64').toString() : (data[key] ?? '')
}

describe('the key to unsubscribe by', () => {
  const BATCH = 'f3b1c1de-8f0a-4a37-9f5e-0123456789ab'
  const subscription = { batchId: BATCH, addressNorm: 'ann@example.org', spelled: 'ann@example.org' }
  const tokenOf = (links: UnsubscribeLinks) => links.urlFor(BATCH, 'ann@example.org').split('/u/')[1] ?? ''

  /** As a worker reads the file of the Secret. */
  async function links(): Promise<UnsubscribeLinks> {
    const keyFile = join(reader.dir, 'as-mounted')
    await writeFile(keyFile, await textOf('secret', 'unsubscribe', 'key'))
    const opened = await openUnsubscribeLinks({ baseUrl: 'https://x', keyFile, onError: () => undefined })
    opened.close()
    return opened
  }

  it('is replaced, and links in old mails go on working', async () => {
    await reader.run(procedure('docs/http.md#unsubscribe-key').text)
    const before = tokenOf(await links())
    await reader.run(procedure('docs/http.md#new-unsubscribe-key').text)
    const after = await links()
    expect(tokenOf(after)).not.toBe(before)
    expect([after.open(before), after.open(tokenOf(after))]).toEqual([subscription, subscription])
    expect(readdirSync(reader.dir)).toEqual(['as-mounted'])
  })
})

describe('the flags', () => {
  it('are put into a ConfigMap, and changed there', async () => {
    const flags = procedure('docs/features.md#flags-file')
    const held = flags.with({ '"defaultVariant": "off"': '"defaultVariant": "on"' })
    for (const { text } of [flags, held]) {
      await writeFile(join(reader.dir, 'flags.json'), text)
      await reader.run(procedure('docs/features.md#flags').text)
      expect(await textOf('configmap', 'flags', 'flags.json')).toBe(text)
    }
  })
})

describe('the role of the workers at Amazon', () => {
  it('stays on their ServiceAccount', async () => {
    await cluster.bringUp()
    await reader.run(procedure('docs/webhooks.md#role-of-workers').text)
    await cluster.api.patch(
      { kind: 'serviceaccount', namespace: cluster.namespace, name: 'orders-worker' },
      { metadata: { labels: { 'app.kubernetes.io/part-of': 'another' } } },
    )
    const healed = await cluster.eventually('the label is put back', async () => {
      const account = await cluster.get('serviceaccount', 'orders-worker')
      return account?.metadata.labels?.['app.kubernetes.io/part-of'] === 'batchsender' ? account : undefined
    })
    expect(healed.metadata.annotations).toMatchObject({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/mail',
    })
  })
})

/** Where a part of a BatchSender belongs that a document prints without what is around it. */
const PLACES: Readonly<Record<string, (part: object) => object>> = {
  spec: (part) => part,
  network: (part) => ({ spec: part }),
  provider: (part) => ({ spec: { worker: part } }),
  features: (part) => ({ spec: { worker: part } }),
}

const manifests = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((file) => file.endsWith('.md'))
  .flatMap((file) => blocksOf(file, readFileSync(join(ROOT, file), 'utf8')))
  .filter(({ language }) => language === 'yaml')
  .map(({ file, line, text }) => [`${file}:${line}`, text] as const)

/** Values of the chart, and everything else. */
const schema = JSON.parse(readFileSync(join(ROOT, 'config/chart/values.schema.json'), 'utf8')) as {
  readonly properties: object
}
const isOfChart = (text: string) =>
  !/^kind:/m.test(text) &&
  [...text.matchAll(/^(\w+):/gm)].every(([, key = '']) => key in schema.properties && !(key in PLACES))

test.each(manifests.filter(([, text]) => isOfChart(text)))('the chart takes the values of %s', (_, text) => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  const values = parse(readFileSync(join(ROOT, 'config/chart/values.yaml'), 'utf8')) as object
  ajv.validate(schema, merged(values, parse(text) as object))
  expect(ajv.errors).toBeNull()
})

test.each(manifests.filter(([, text]) => !isOfChart(text)))(
  'the API server takes what %s prints',
  async (_, text) => {
    for (const document of parseAllDocuments(text)) {
      const printed = document.toJS() as Readonly<Record<string, object>>
      const whole =
        'kind' in printed
          ? printed
          : merged(batchSenderOf(cluster.namespace, 'orders', {}), placed(printed), EXCLUSIVE)
      const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-']
      await expect(cluster.inNamespace(args, JSON.stringify(whole))).resolves.toContain('serverside-applied')
    }
  },
)

function placed(part: Readonly<Record<string, object>>): object {
  const [key = ''] = Object.keys(part)
  const place = PLACES[key]
  if (!place) throw new Error(`where does ${key} belong?`)
  return 'spec' in part ? part : place(part)
}

/** One of several ways, such as a provider, takes the place of another. */
const EXCLUSIVE = ['provider', 'nats', 'network']
