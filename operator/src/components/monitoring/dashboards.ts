/** The dashboards for one BatchSender: those of all, with its name in them, so that two stand beside each other. */
import type { Selector } from './alerts/promql.ts'
import { templateHash } from '../parts/templateHash.ts'
import { DASHBOARDS } from './dashboardTexts.ts'

interface Variable {
  readonly name: string
}

interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly templating: { readonly list: readonly Variable[] }
}

/** @returns file → JSON; a Grafana keeps files of all ConfigMaps in one folder */
export function dashboardsOf(who: Selector): Readonly<Record<string, string>> {
  const prefix = `batchsender-${who.namespace}-${who.batchsender}`
  return Object.fromEntries(
    Object.entries(DASHBOARDS).map(([key, text]) => [`${prefix}-${key}.json`, personal(text, who)]),
  )
}

function personal(text: string, who: Selector): string {
  const dashboard = JSON.parse(text) as Dashboard
  return JSON.stringify({
    ...dashboard,
    // Grafana takes 40 characters.
    uid: `${dashboard.uid}-${templateHash({ ...who }).slice(0, 12)}`,
    title: `${dashboard.title}: ${who.namespace}/${who.batchsender}`,
    templating: { list: dashboard.templating.list.map((variable) => chosen(variable, who)) },
  })
}

function chosen(variable: Variable, who: Selector): Variable {
  const value = variable.name in who ? who[variable.name as keyof Selector] : undefined
  return value === undefined ? variable : { ...variable, ...{ current: { text: value, value } } }
}
