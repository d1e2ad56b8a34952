/** Alerts about the API: slow, and the error budget that its objective leaves. */
import type { Alert, Severity } from './alert.ts'
import type { Selector } from './promql.ts'
import type { Thresholds } from '../../parts/thresholds.ts'
import { API_LIMITS } from '../../../../../crds/apiLimits.ts'
import { BY, matchers, share, WHO } from './promql.ts'

const NO_UPLOAD = `route!="${API_LIMITS.uploads}"`

export function apiAlerts(
  selector: Selector | undefined,
  { apiP95Seconds, availability }: Thresholds,
): readonly Alert[] {
  const of = (suffix: string, ...more: readonly string[]) =>
    `batchsender_http_request_duration_seconds_${suffix}${matchers(selector, ...more)}`
  const failing = (window: string) => share(of('count', 'status=~"5.."'), of('count'), window)
  /** Both windows: the long one says that it matters, the short one that it still goes on. */
  const burns = (short: string, long: string, factor: number) => {
    const least = `${factor} * (1 - ${availability} / 100)`
    return `(${failing(long)} > ${least}) and on (${BY}) (${failing(short)} > ${least})`
  }
  const budget = (severity: Severity, fast: string, slow: string, summary: string): Alert => ({
    name: 'ErrorBudgetBurn',
    severity,
    expr: `(${fast})\n  or (${slow})`,
    summary,
    description: `{{ $value | humanizePercentage }} of the requests to the API of ${WHO} fail, where its objective is ${availability} %.`,
  })
  return [
    {
      name: 'ApiSlow',
      severity: 'warning',
      expr: `histogram_quantile(0.95, sum by (${BY}, le) (rate(${of('bucket', NO_UPLOAD)}[5m]))) > ${apiP95Seconds}`,
      for: '5m',
      summary: 'The API answers slowly.',
      description: `Of 100 requests to ${WHO} five take longer than {{ $value | humanizeDuration }}.`,
    },
    budget(
      'critical',
      burns('5m', '1h', 14.4),
      burns('30m', '6h', 6),
      'The API uses up its error budget within days.',
    ),
    budget(
      'warning',
      burns('2h', '1d', 3),
      burns('6h', '3d', 1),
      'The API uses up its error budget before its month is over.',
    ),
  ]
}
