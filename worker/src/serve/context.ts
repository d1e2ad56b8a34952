/** What every part of the worker is opened with. */
import { randomUUID } from 'node:crypto'
import type { BodyBudgets } from '../http/bodyBudgets.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Settings } from '../settings.ts'
import { AnswerWindow } from '../http/answerWindow.ts'
import { bodyBudgets } from '../http/bodyBudgets.ts'
import { openMetrics } from '../metrics.ts'

export interface Context {
  readonly settings: Settings['worker']
  readonly tuning: Settings['tuning']
  readonly memory: Settings['memory']
  /** This process, among all that ever were: `<name>/<8 hexadecimal digits>`. */
  readonly worker: string
  readonly log: Logger
  readonly metrics: Metrics
  readonly budgets: BodyBudgets
  readonly answers: AnswerWindow
  /** Aborted when told to stop. */
  readonly stopping: AbortSignal
}

export function contextOf(settings: Settings, log: Logger, stopping: AbortSignal): Context {
  const { worker, tuning, memory } = settings
  return {
    settings: worker,
    tuning,
    memory,
    // A restarted container has the name of the one that died: its leases must not look like ours.
    worker: `${worker.workerName}/${randomUUID().slice(0, 8)}`,
    log,
    metrics: openMetrics(),
    budgets: bodyBudgets(memory),
    answers: new AnswerWindow(),
    stopping,
  }
}
