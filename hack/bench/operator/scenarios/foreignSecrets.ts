/** Foreign Secrets: big ones in another namespace; what a new process holds, beside one started without them. */
import { randomBytes } from 'node:crypto'
import type { Plane } from '../plane.ts'
import type { Stage } from '../stage.ts'
import { pathOf } from '../../../../operator/src/runtime/object.ts'
import { CHILD_KINDS } from '../fixture.ts'
import { coldStart } from './coldStart.ts'

export interface ForeignSecretsFigures {
  readonly secrets: number
  readonly residentMiBBefore: number
  readonly residentMiB: number
  readonly mostResidentMiB: number
}

const ELSEWHERE = 'elsewhere'
/** A little less than the most that a Secret may hold. */
const BYTES = 1_000_000
const AT_A_TIME = 4

export async function foreignSecrets(stage: Stage): Promise<ForeignSecretsFigures> {
  const before = await coldStart(stage, 'without-secrets')
  await stage.clear()
  await create(stage.plane, stage.durations.foreignSecrets)
  const after = await coldStart(stage, 'with-secrets')
  return {
    secrets: stage.durations.foreignSecrets,
    residentMiBBefore: before.residentMiB,
    residentMiB: after.residentMiB,
    mostResidentMiB: after.mostResidentMiB,
  }
}

async function create({ client }: Plane, count: number): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ELSEWHERE } }
  await client.request({ method: 'POST', path: '/api/v1/namespaces', body: namespace })
  const [secrets] = CHILD_KINDS
  let next = 0
  const worker = async () => {
    while (next < count) {
      const name = `foreign-${next}`
      next += 1
      const body = {
        apiVersion: secrets.apiVersion,
        kind: secrets.kind,
        metadata: { name, namespace: ELSEWHERE },
        data: { blob: randomBytes(BYTES).toString('base64') },
      }
      await client.request({ method: 'POST', path: pathOf(secrets, ELSEWHERE), body, deadlineMs: 120_000 })
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}
