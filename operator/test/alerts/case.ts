/** One history of series, and what the alert makes of it. */

export interface Firing {
  /** Beside namespace, batchsender and severity. */
  readonly labels?: Readonly<Record<string, string>>
  readonly severity: 'critical' | 'warning'
  /** The description, filled in. */
  readonly says: string
}

export interface Case {
  /** Without the word that all begin with. */
  readonly alert: string
  readonly what: string
  /** Series → values, one a minute, as promtool writes them. */
  readonly series: Readonly<Record<string, string>>
  /** When it is looked at. */
  readonly at: string
  /** Nothing: it must not fire. */
  readonly fires: readonly Firing[]
  /** Of a rule of that name: which severity must not fire, where the other one does. */
  readonly not?: 'critical' | 'warning'
}

export const ME = 'namespace="mail",batchsender="orders"'
export const OTHER = 'namespace="mail",batchsender="others"'

/** A series of the workers, of one pod. */
export const worker = (metric: string, more = '', pod = 'a'): string =>
  `${metric}{${ME},pod="${pod}"${more === '' ? '' : `,${more}`}}`

export const object = (metric: string, more = ''): string =>
  `${metric}{${ME}${more === '' ? '' : `,${more}`}}`

type Series = Readonly<Record<string, string>>

/** Cases of one alert. */
export const casesOf = (alert: string, severity: Firing['severity']) => ({
  fires: (what: string, at: string, series: Series, says: string, labels: Firing['labels'] = {}): Case => ({
    alert,
    what,
    at,
    series,
    fires: [{ severity, says, labels }],
  }),
  quiet: (what: string, at: string, series: Series): Case => ({ alert, what, at, series, fires: [] }),
})
