import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { pythonTool } from '../../hack/servers/pythonTool.ts'
import { batchOf, startRig, TOKEN } from './rig.ts'

const SCHEMATHESIS_DIR = join(import.meta.dirname, '../../hack/servers/schemathesis')

let rig: Rig
let worker: WorkerProcess

beforeAll(async () => {
  rig = await startRig()
  worker = await rig.worker({ rateLimitPerToken: 1_000_000 })
})
afterAll(() => rig.stop())

interface Operation {
  readonly security?: unknown
  readonly parameters?: { name: string; in: string; required: boolean }[]
  readonly responses: Record<string, { content?: Record<string, unknown> }>
}
interface Description {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
}

const description = async (): Promise<Description> =>
  (await (await fetch(`${worker.api}/openapi.json`)).json()) as Description

test('the description is open, complete, and passes a linter without a word', async () => {
  const { openapi, paths } = await description()
  expect(openapi).toBe('3.1.0')
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  expect(operations).toEqual(
    expect.arrayContaining([
      'post /v1/batches',
      'get /v1/batches',
      'get /v1/batches/{id}',
      'post /v1/batches/{id}/retry-failed',
      'post /v1/batches/{id}/resolve-uncertain',
      'get /v1/batches/{id}/recipients',
      'post /v1/batches/{id}/recipients',
      'post /v1/batches/{id}/start',
      'put /v1/suppressions/{address}',
    ]),
  )
  const create = paths['/v1/batches']?.['post']
  expect(Object.keys(create?.responses ?? {})).toEqual(
    expect.arrayContaining(['202', '400', '401', '403', '409', '413', '415', '422', '429', '500', '503']),
  )
  expect(create?.responses['422']?.content).toHaveProperty('application/problem+json')
  expect(create?.parameters).toContainEqual(
    expect.objectContaining({ name: 'idempotency-key', in: 'header', required: true }),
  )
  const config = await createConfig({ extends: ['recommended-strict'] })
  const source = await (await fetch(`${worker.api}/openapi.json`)).text()
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([])
})

test('every schema has a name of its own, and every property a description', async () => {
  const text = await (await fetch(`${worker.api}/openapi.json`)).text()
  const { components, paths } = JSON.parse(text) as {
    components: { schemas: Record<string, unknown> }
    paths: Record<string, Record<string, Operation & { requestBody?: unknown }>>
  }
  expect(Object.keys(components.schemas)).toEqual(
    expect.arrayContaining([
      'Batch',
      'NewBatch',
      'Recipient',
      'RecipientTrace',
      'Problem',
      'Suppression',
      'AuditEntry',
    ]),
  )
  const bare: string[] = []
  const look = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, each] of Object.entries(value)) {
      if (key === 'properties') lookAtProperties(each as object, at)
      else if (key !== 'examples') look(each, `${at}/${key}`)
    }
  }
  const lookAtProperties = (properties: object, at: string) => {
    for (const [name, property] of Object.entries(properties)) {
      const { description, $ref } = property as Record<string, unknown>
      if (description === undefined && $ref === undefined) bare.push(`${at}/${name}`)
      look(property, `${at}/${name}`)
    }
  }
  look(components.schemas, '')
  look(paths, '')
  expect(bare).toEqual([])
  const withoutExample = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) => {
        const answer = responses['202'] ?? responses['200']
        return answer?.content !== undefined && !JSON.stringify(answer).includes('"example":')
      })
      .map(([method]) => `${method} ${path}`),
  )
  expect(withoutExample).toEqual([])
})

test('the page serves all it needs itself, to anybody', async () => {
  const page = await fetch(`${worker.api}/docs/`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  // A browser would ask for the rest by https, where nobody listens (fastify/fastify-swagger#690).
  expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests')
  const html = await page.text()
  const sources = Array.from(html.matchAll(/(?:src|href)="([^"]+)"/g), ([, source = '']) => source)
  expect(sources.length).toBeGreaterThan(3)
  for (const source of sources) {
    const url = new URL(source, `${worker.api}/docs/`)
    expect(url.origin).toBe(worker.api)
    expect((await fetch(url)).status).toBe(200)
  }
  expect((await fetch(`${worker.api}/v1/batches`)).status).toBe(401)
})

test('a path that cannot be decoded is a problem, too', async () => {
  const answer = await worker.get('/v1/suppressions/%ff')
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect((await worker.get(`/v1/suppressions/${'x'.repeat(600)}`)).status).toBe(404)
})

test('generated requests, good and bad, meet neither a 5xx nor an answer that is not described', async () => {
  const program = await pythonTool('schemathesis', join(SCHEMATHESIS_DIR, 'requirements.txt'))
  const dir = await mkdtemp(join(tmpdir(), 'batchsender-schemathesis-'))
  const file = join(dir, 'openapi.json')
  const id = await worker.accept(3)
  const answer = await worker.post({ ...batchOf(0), recipients: undefined, state: 'open' })
  const open = ((await answer.json()) as { id: string }).id
  const described = await description()
  const withId = (value: unknown, of: string): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll('"name":"id",', `"name":"id","example":"${of}",`))
  const ROWS = '/v1/batches/{id}/recipients'
  const paths = {
    ...(withId(described.paths, id) as Description['paths']),
    [ROWS]: {
      ...(withId(described.paths[ROWS], id) as object),
      post: withId(described.paths[ROWS]?.['post'], open),
    },
  }
  const reachable = JSON.stringify({ ...described, paths })
  expect(reachable).toContain(id)
  expect(reachable).toContain(open)
  await writeFile(file, reachable)
  const checks =
    'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance'
  const args = ['run', file, '--url', worker.api, '--checks', checks, '--max-examples', '25', '--seed', '1']
  const more = [
    '--header',
    `Authorization: Bearer ${TOKEN}`,
    '--no-color',
    '--phases',
    'examples,coverage,fuzzing',
  ]
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    const env = { ...process.env, SCHEMATHESIS_HOOKS: 'rows', PYTHONPATH: SCHEMATHESIS_DIR }
    execFile(program, [...args, ...more], { cwd: dir, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr })
    })
  })
  await rm(dir, { recursive: true, force: true })
  expect(code, output.slice(-6_000)).toBe(0)
  const [, generated, passed] = /(\d+) generated, (\d+) passed/.exec(output) ?? []
  expect(Number(passed)).toBeGreaterThan(500)
  expect(passed).toBe(generated)
  expect(output).toMatch(/✅ Examples/)
  expect(worker.log()).not.toContain('request failed')
}, 300_000)
