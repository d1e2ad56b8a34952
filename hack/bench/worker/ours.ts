/** Our worker as a contestant, and by itself. */
import type { MemoryLimit } from '../../servers/memoryLimit.ts'
import type { Arena } from './arena.ts'
import type { Turn } from './contestants.ts'
import type { WorkerSettingsInput } from '../../../crds/workerSettings.ts'
import type { WorkerProcess } from '../../../worker/test/rig.ts'
import { addressOf, HTML } from './contestants/mail.ts'

/** As shipped; the tests have shorter ones. */
const TUNING = { LEASE_MS: '45000', SWEEP_EVERY_MS: '2000' }

export function startWorker(
  { rig }: Arena,
  workerName: string,
  settings: Pick<Partial<WorkerSettingsInput>, 'maxPerSecond' | 'smtpConnections'> = {},
  within?: MemoryLimit,
): Promise<WorkerProcess> {
  return rig.worker({ workerName, logLevel: 'error', ...settings }, TUNING, within)
}

export const batchOf = (run: string, count: number) => ({
  from: 'Sender <sender@example.org>',
  subject: 'Hello',
  html: HTML,
  recipients: Array.from({ length: count }, (_, index) => ({ address: addressOf(run, { index }) })),
})

/** @returns its id. @throws Error unless it is accepted. */
export async function post(worker: WorkerProcess, run: string, count: number): Promise<string> {
  const response = await worker.post(batchOf(run, count))
  if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}

export const isOver = async (worker: WorkerProcess, id: string): Promise<boolean> =>
  (await worker.batch(id)).state.startsWith('completed')

/** A batch begins as soon as it is accepted, so it is posted when the clock is to start. */
export async function prepareOurs(
  arena: Arena,
  run: string,
  count: number,
  connections?: number,
): Promise<Turn> {
  const worker = await startWorker(
    arena,
    run,
    connections === undefined ? {} : { smtpConnections: connections },
  )
  let id: string | undefined
  const counts = async () => (id === undefined ? undefined : (await worker.batch(id)).counts)
  return {
    start: async () => {
      if (id === undefined) id = await post(worker, run, count)
      else await worker.start()
      return worker.pid()
    },
    kill: () => worker.kill(),
    stop: () => worker.kill(),
    accepted: async () => (await counts())?.sent ?? 0,
    uncertain: async () => (await counts())?.uncertain ?? 0,
    isOver: async () => id !== undefined && isOver(worker, id),
  }
}
