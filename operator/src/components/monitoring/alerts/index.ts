/** Every alert, as groups of a PrometheusRule. */
import type { RuleGroup } from './alert.ts'
import type { Selector } from './promql.ts'
import type { Thresholds } from '../../parts/thresholds.ts'
import { ruleGroup } from './alert.ts'
import { apiAlerts } from './api.ts'
import { mailAlerts } from './mail.ts'
import { objectAlerts } from './objects.ts'
import { operatorAlerts } from './operator.ts'
import { workerAlerts } from './workers.ts'

export interface AlertOptions {
  /** One BatchSender; unset: all of them, and the operator. */
  readonly selector?: Selector
  readonly thresholds: Thresholds
  readonly runbookBaseUrl: string
}

export function alertGroups({ selector, thresholds, runbookBaseUrl }: AlertOptions): readonly RuleGroup[] {
  return [
    { name: 'mail', alerts: mailAlerts(selector, thresholds) },
    { name: 'api', alerts: apiAlerts(selector, thresholds) },
    { name: 'workers', alerts: workerAlerts(selector) },
    { name: 'objects', alerts: objectAlerts(selector) },
    ...(selector ? [] : [{ name: 'operator', alerts: operatorAlerts }]),
  ].map((group) => ruleGroup(group, runbookBaseUrl))
}
