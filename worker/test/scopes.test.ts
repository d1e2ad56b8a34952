import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rig, WorkerProcess } from './rig.ts'
import { SCOPES } from '../src/http/scopes.ts'
import { startRig } from './rig.ts'

let rig: Rig
let worker: WorkerProcess

const TOKENS = [...SCOPES, 'none:read']

beforeAll(async () => {
  rig = await startRig()
  for (const scope of TOKENS) {
    const hash = createHash('sha256').update(scope).digest('hex')
    await writeFile(join(rig.tokensDir, scope.replace(':', '-')), `sha256:${hash} scopes:${scope}\n`)
  }
  worker = await rig.worker()
})
afterAll(() => rig.stop())

const BATCH = '/v1/batches/7'
const ADDRESS = '/v1/suppressions/a@example.org'

test.each([
  ['GET', '/v1/batches', 'batches:read'],
  ['GET', BATCH, 'batches:read'],
  ['GET', `${BATCH}/recipients`, 'batches:read'],
  ['GET', `${BATCH}/upload`, 'batches:read'],
  ['GET', `${BATCH}/refused-recipients`, 'batches:read'],
  ['POST', '/v1/batches', 'batches:write'],
  ['POST', `${BATCH}/recipients`, 'batches:write'],
  ['POST', `${BATCH}/start`, 'batches:write'],
  ['POST', `${BATCH}/pause`, 'batches:write'],
  ['POST', `${BATCH}/resume`, 'batches:write'],
  ['POST', `${BATCH}/cancel`, 'batches:write'],
  ['POST', `${BATCH}/retry-failed`, 'batches:write'],
  ['POST', `${BATCH}/resolve-uncertain`, 'batches:write'],
  ['GET', '/v1/suppressions', 'suppressions:read'],
  ['HEAD', '/v1/suppressions', 'suppressions:read'],
  ['GET', ADDRESS, 'suppressions:read'],
  ['PUT', ADDRESS, 'suppressions:write'],
  ['DELETE', ADDRESS, 'suppressions:write'],
])('%s %s is for tokens with %s alone', async (method, path, needed) => {
  for (const scope of TOKENS) {
    const answer = await fetch(`${worker.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${scope}` },
    })
    if (scope === needed) expect(answer.status).not.toBe(403)
    else {
      expect(answer.status).toBe(403)
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer error="insufficient_scope", scope="${needed}"`,
      )
      if (method !== 'HEAD') {
        expect(await answer.json()).toMatchObject({
          type: 'https://batchsender.io/problems/forbidden',
          status: 403,
        })
      }
    }
  }
})

test('what is not there is not found, whatever a token allows', async () => {
  const answer = await fetch(`${worker.api}/v2`, { headers: { authorization: 'Bearer none:read' } })
  expect(answer.status).toBe(404)
})
