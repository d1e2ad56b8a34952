import type { Board } from './board.ts'
import { lines, stat, table } from './board.ts'

const CONTROLLER = '{controller="batchsender"}'

export const operator: Board = {
  key: 'operator',
  title: 'BatchSender / Operator',
  description: 'The operator at work, and what it says of every BatchSender that it keeps.',
  of: 'operator',
  rows: [
    {
      title: 'BatchSenders',
      panels: [
        table(
          'Conditions that are not True',
          'short',
          'batchsender_status_condition{type!~"Reconciling|Stalled",status!="True"}',
          '{{namespace}}/{{batchsender}} {{type}} {{reason}}',
        ),
        table(
          'Checks that are open',
          'short',
          'batchsender_status_check{state=~"Failing|Unknown"}',
          '{{namespace}}/{{batchsender}} {{check}} {{state}}',
        ),
        lines(
          'Age of the newest backup',
          's',
          [
            'time() - max by (namespace, batchsender) (batchsender_backup_completed_timestamp_seconds)',
            '{{namespace}}/{{batchsender}}',
          ],
          [
            'max by (namespace, batchsender) (batchsender_backup_max_age_seconds)',
            '{{namespace}}/{{batchsender}} at most',
          ],
        ),
        lines('Age of the newest backup that was restored', 's', [
          'time() - max by (namespace, batchsender) (batchsender_backup_verified_timestamp_seconds)',
          '{{namespace}}/{{batchsender}}',
        ]),
        lines('Certificates end in', 's', [
          'min by (namespace, batchsender, certificate) (batchsender_certificate_not_after_timestamp_seconds) - time()',
          '{{namespace}}/{{batchsender}} {{certificate}}',
        ]),
        lines('Suspended', 'short', [
          'max by (namespace, batchsender) (batchsender_suspended)',
          '{{namespace}}/{{batchsender}}',
        ]),
      ],
    },
    {
      title: 'At work',
      panels: [
        stat('Leaders', 'short', 'sum(leader_election_master_status{name="batchsender-operator"})'),
        stat('Keys that wait', 'short', 'sum(workqueue_depth{name="batchsender"})'),
        lines('Passes', 'cps', [
          `sum by (result) (rate(controller_runtime_reconcile_total${CONTROLLER}[$__rate_interval]))`,
          '{{result}}',
        ]),
        lines('Time of a pass, p95', 's', [
          `histogram_quantile(0.95, sum by (le) (rate(controller_runtime_reconcile_time_seconds_bucket${CONTROLLER}[$__rate_interval])))`,
          'p95',
        ]),
        lines('Requests to the API server', 'reqps', [
          'sum by (code, method) (rate(rest_client_requests_total[$__rate_interval]))',
          '{{method}} {{code}}',
        ]),
        lines('Applies', 'cps', [
          'sum by (kind, result) (rate(batchsender_operator_apply_total[$__rate_interval]))',
          '{{kind}} {{result}}',
        ]),
        lines('Age of the last sign of life of watches', 's', [
          'max by (kind) (batchsender_operator_reflector_lag_seconds)',
          '{{kind}}',
        ]),
      ],
    },
  ],
}
