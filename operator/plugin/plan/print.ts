/** A forecast in words. Pure. */
import type { Paint } from '../text/paint.ts'
import type { Change } from './compare.ts'
import type { Forecast } from './foretell.ts'
import type { Planned } from './rehearsal.ts'
import { looksSecret, MASKED, maskText } from '../bundle/redact.ts'
import { plain, wrap } from '../text/wrap.ts'

const LONGEST = 60
const SIGNS = { created: '+', updated: '~', removed: '-' } as const
const TONES = { created: 'good', updated: 'open', removed: 'bad' } as const

export function printed(forecast: Forecast, columns: number, paint: Paint): string {
  const { namespace, name, as, isNew, edits, planned, rolls, anyway, faults, notes, unread } = forecast
  const indented = (lines: readonly string[]) => lines.flatMap((line) => wrap(line, columns, '  '))
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ['', paint('strong', title), ...lines]
  return [
    ...wrap(
      `Plan for BatchSender ${namespace}/${name}, as ${as} would ${isNew ? 'create' : 'change'} it`,
      columns,
    ),
    ...(isNew
      ? []
      : section(
          'Edit',
          edits.length === 0 ? ['  nothing'] : edits.flatMap((one) => lineOf(one, columns, '  ')),
        )),
    '',
    paint('strong', `Writes: ${countsOf(planned)}`),
    ...planned.flatMap((one) => objectLines(one, columns, paint)),
    ...section(
      'Rolls',
      rolls.flatMap(({ kind, name: of, pods, why }) => [
        ...wrap(`${kind} ${of}: ${pods} ${pods === 1 ? 'pod' : 'pods'}, for`, columns, '  '),
        ...why.flatMap((path) => wrap(path, columns, '    ')),
      ]),
    ),
    ...section(
      'Written without this edit, too',
      anyway.flatMap((one) => objectLines(one, columns, paint)),
    ),
    ...section(
      'In the way',
      indented(faults.map(({ type, reason, message }) => plain(maskText(`${type} ${reason}: ${message}`)))),
    ),
    ...section('To know', indented(notes)),
    ...section('Could not be asked', indented(unread)),
    '',
  ].join('\n')
}

function countsOf(planned: readonly Planned[]): string {
  if (planned.length === 0) return 'none'
  const count = (change: Planned['change']) => planned.filter((one) => one.change === change).length
  return `${count('created')} created, ${count('updated')} changed, ${count('removed')} removed`
}

function objectLines(
  { change, kind, name, fields, times }: Planned,
  columns: number,
  paint: Paint,
): readonly string[] {
  const more = times > 1 ? ` (${times} writes)` : ''
  const head = `  ${paint(TONES[change], SIGNS[change])} ${kind} ${name}${more}`
  // All of a new object, or of one that goes, would hide the rest.
  return change === 'updated' ? [head, ...fields.flatMap((one) => lineOf(one, columns, '      '))] : [head]
}

/** `spec.replicas  2 → 3`, on one line where there is room. */
function lineOf({ path, from, to }: Change, columns: number, indent: string): readonly string[] {
  const text = `${shown(path, from)} → ${shown(path, to)}`
  const line = `${indent}${plain(path)}  ${text}`
  if (line.length <= columns) return [line]
  return [`${indent}${plain(path)}`, ...wrap(text, columns, `${indent}  `)]
}

export function shown(path: string, value: unknown): string {
  if (value === undefined) return '(none)'
  if (looksSecret(path)) return typeof value === 'object' ? cut(JSON.stringify(value)) : MASKED
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const lines = typeof value === 'string' ? value.split('\n').length : 1
  if (lines > 2) return `(text of ${lines} lines)`
  return plain(cut(maskText(text)))
}

const cut = (text: string) => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`)

/** The same for programs: values as they are printed, so that nothing secret is in it either. */
export function asData(forecast: Forecast): object {
  const change = ({ path, from, to }: Change) => ({ path, from: shown(path, from), to: shown(path, to) })
  const objects = (all: readonly Planned[]) =>
    all.map(({ change: what, kind, name, times, fields }) => ({
      ...{ change: what, kind, name, writes: times },
      ...(what === 'updated' && { fields: fields.map(change) }),
    }))
  const { namespace, name, as, isNew, rolls, notes, unread } = forecast
  return {
    ...{ namespace, name, as, isNew },
    edits: forecast.edits.map(change),
    writes: objects(forecast.planned),
    rolls,
    anyway: objects(forecast.anyway),
    faults: forecast.faults.map((fault) => ({ ...fault, message: maskText(fault.message) })),
    ...{ notes, unread },
  }
}
