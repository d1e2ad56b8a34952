/** A board as Grafana reads it: in the classic form, which every version and every sidecar takes. */
/* eslint-disable @typescript-eslint/no-deprecated -- the newer form is for Grafana 12 and later alone */
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as Timeseries } from '@grafana/grafana-foundation-sdk/timeseries'
import type { Board, Panel } from './board.ts'
import { filled } from './board.ts'

/** The reader's choice among the Prometheuses that Grafana knows. */
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }
const COLUMNS = 24
const HEIGHTS = { stat: 4, table: 8, timeseries: 8 } as const

export function dashboardOf(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(`batchsender-${board.key}`)
    .description(board.description)
    .tags(['batchsender'])
    .time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .refresh('1m')
    .editable()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
  if (board.of === 'object')
    builder
      .withVariable(choice('namespace', 'label_values(batchsender_in_flight, namespace)'))
      .withVariable(
        choice('batchsender', 'label_values(batchsender_in_flight{namespace="$namespace"}, batchsender)'),
      )
  let id = 0
  for (const { title, panels } of board.rows) {
    id += 1
    builder.withRow(new RowBuilder(title).id(id))
    for (const panel of panels) {
      id += 1
      builder.withPanel(panelOf(panel, id, panels.length))
    }
  }
  return builder.build()
}

const choice = (name: string, query: string) =>
  new QueryVariableBuilder(name)
    .label(name)
    .query(query)
    .datasource(DATASOURCE)
    .refresh(VariableRefresh.OnTimeRangeChanged)

function panelOf(panel: Panel, id: number, inRow: number) {
  const shows = panel.shows ?? 'timeseries'
  const builder = { stat: () => new Stat(), table: () => new Table(), timeseries: () => new Timeseries() }[
    shows
  ]()
  builder
    .id(id)
    .title(panel.title)
    .datasource(DATASOURCE)
    .unit(panel.unit)
    .span(shows === 'stat' ? Math.floor(COLUMNS / Math.min(inRow, 4)) : COLUMNS / 2)
    .height(HEIGHTS[shows])
  if (panel.description !== undefined) builder.description(panel.description)
  for (const [index, { expr, legend }] of panel.queries.entries()) {
    const query = new DataqueryBuilder()
      .refId(String.fromCharCode('A'.charCodeAt(0) + index))
      .expr(filled(expr))
      .legendFormat(legend)
      .datasource(DATASOURCE)
    builder.withTarget(shows === 'timeseries' ? query.range() : query.instant())
  }
  return builder
}
