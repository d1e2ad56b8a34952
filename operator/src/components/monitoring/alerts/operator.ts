/** Alerts about the operator, of whom the others depend: what it does not look at, it does not tell. */
import type { Alert } from './alert.ts'

const CONTROLLER = '{controller="batchsender"}'

export const operatorAlerts: readonly Alert[] = [
  {
    name: 'OperatorDown',
    severity: 'critical',
    expr: 'absent(leader_election_master_status{name="batchsender-operator"} == 1)',
    for: '5m',
    summary: 'No operator is at work.',
    description:
      'No operator says that it leads: nothing is healed, and no condition, check, backup or certificate is told of. Workers go on sending.',
  },
  {
    name: 'OperatorFailing',
    severity: 'warning',
    expr: `sum by (namespace) (rate(controller_runtime_reconcile_errors_total${CONTROLLER}[10m]))
  / sum by (namespace) (rate(controller_runtime_reconcile_total${CONTROLLER}[10m])) > 10 / 100`,
    for: '15m',
    summary: 'Passes of the operator fail.',
    description:
      '{{ $value | humanizePercentage }} of the passes of the operator in {{ $labels.namespace }} end in an error.',
  },
]
