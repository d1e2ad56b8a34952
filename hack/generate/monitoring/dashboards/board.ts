/** A dashboard as it is written here: what is to be seen of what, and nothing of how Grafana says it. */

export interface Query {
  /** `$S` stands for the selector of one BatchSender, `$S,` inside of braces for its matchers. */
  readonly expr: string
  /** A template of labels; the same word for all where it has none. */
  readonly legend: string
}

/** Units of Grafana. */
export type Unit = 'short' | 's' | 'percentunit' | 'bytes' | 'reqps' | 'cps'

export interface Panel {
  readonly title: string
  readonly description?: string
  readonly unit: Unit
  readonly queries: readonly Query[]
  /** `stat`: the present figure; `table`: one row for each series that there is now. */
  readonly shows?: 'timeseries' | 'stat' | 'table'
}

export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

export interface Board {
  readonly key: string
  readonly title: string
  readonly description: string
  /** `object`: one BatchSender, chosen by variables; `operator`: all that one operator keeps. */
  readonly of: 'object' | 'operator'
  readonly rows: readonly Row[]
}

export const OBJECT_MATCHERS = 'namespace="$namespace",batchsender="$batchsender"'

/** One line for each label set, which the legend names. */
export const lines = (
  title: string,
  unit: Unit,
  ...queries: readonly (readonly [expr: string, legend: string])[]
): Panel => ({ title, unit, queries: queries.map(([expr, legend]) => ({ expr, legend })) })

export const described = (panel: Panel, description: string): Panel => ({ ...panel, description })

export const stat = (title: string, unit: Unit, expr: string): Panel => ({
  ...lines(title, unit, [expr, title]),
  shows: 'stat',
})

export const table = (title: string, unit: Unit, expr: string, legend: string): Panel => ({
  ...lines(title, unit, [expr, legend]),
  shows: 'table',
})

/** With the selector in the place of its mark. */
export const filled = (expr: string): string =>
  expr.replaceAll('{$S', `{${OBJECT_MATCHERS}`).replaceAll('$S', `{${OBJECT_MATCHERS}}`)
