/** A picture as text for a terminal of any width. Pure. */
import type { Paint, Tone } from '../text/paint.ts'
import type { Advice } from './adviceWords.ts'
import type { Picture, ToldCheck, ToldCondition } from './picture.ts'
import { maskText } from '../bundle/redact.ts'
import { plain, table, wrap } from '../text/wrap.ts'
import { isOpen } from './picture.ts'

const TONES: Readonly<Record<string, Tone>> = {
  True: 'good',
  Proven: 'good',
  False: 'bad',
  Failing: 'bad',
  Unknown: 'open',
  NotConfigured: 'open',
  Waived: 'faint',
}

export function statusText(picture: Picture, columns: number, paint: Paint): string {
  const { conditions, checks, figures } = picture
  return [
    ...head(picture, columns, paint),
    '',
    paint('strong', 'Conditions'),
    ...conditions.flatMap((one) => conditionLines(one, columns, paint)),
    '',
    paint('strong', `Checks: ${picture.summary.checks ?? 'none was made yet'}`),
    ...checks.flatMap((one) => checkLines(one, columns, paint)),
    ...(figures.length === 0
      ? []
      : [
          '',
          paint('strong', 'Figures'),
          ...table(
            figures.map(({ path, value }) => [`  ${plain(path)}`, plain(value)]),
            columns,
          ),
        ]),
    '',
  ].join('\n')
}

function head(picture: Picture, columns: number, paint: Paint): readonly string[] {
  const { namespace, name, ready, headline, isBehind, summary, operator } = picture
  const workers = summary.workers === undefined ? [] : [`workers ${summary.workers}`]
  const keeper = operator === undefined ? [] : [`kept by the operator in ${operator}`]
  return [
    `${paint('strong', `BatchSender ${namespace}/${name}`)}  Ready ${paint(TONES[ready] ?? 'open', ready)}`,
    ...wrap(clean(headline), columns, '  '),
    ...wrap([...workers, ...keeper].join(', '), columns, '  ').filter((line) => line.trim() !== ''),
    ...(isBehind ? wrap('The last edit has not been carried out yet.', columns, '  ') : []),
  ]
}

function conditionLines(condition: ToldCondition, columns: number, paint: Paint): readonly string[] {
  const { type, status, reason, message, lastTransitionTime, advice } = condition
  const open = isOpen(condition)
  const tone = open && status === 'True' ? 'open' : (TONES[status] ?? 'open')
  const line = `  ${paint(tone, open ? '✗' : '✓')} ${type} ${paint(tone, status)} ${reason}`
  if (!open) return [line]
  return [
    line,
    ...wrap(`${clean(message)} (since ${lastTransitionTime})`, columns, '    '),
    ...adviceLines(advice, columns, paint),
  ]
}

function checkLines(
  { name, state, message, since, advice }: ToldCheck,
  columns: number,
  paint: Paint,
): readonly string[] {
  const tone = TONES[state] ?? 'open'
  const sign = state === 'Proven' ? '✓' : state === 'Waived' ? '-' : '✗'
  return [
    `  ${paint(tone, sign)} ${name} ${paint(tone, state)} since ${since}`,
    ...wrap(clean(message), columns, '    '),
    ...adviceLines(advice, columns, paint),
  ]
}

function adviceLines(advice: Advice | undefined, columns: number, paint: Paint): readonly string[] {
  if (!advice) return []
  const page = advice.page === undefined ? '' : ` (docs/${advice.page})`
  return wrap(`→ ${advice.next}${page}`, columns, '    ').map((line) => paint('strong', line))
}

/** What servers said is told as they said it, but for what steers a terminal and what looks secret. */
const clean = (text: string) => plain(maskText(text))

/** One line for each of many. */
export function overviewText(pictures: readonly Picture[], columns: number, withNamespace: boolean): string {
  const rows = pictures.map(({ namespace, name, ready, summary, headline }) => [
    ...(withNamespace ? [namespace] : []),
    name,
    ready,
    summary.checks ?? '',
    summary.workers ?? '',
    clean(headline),
  ])
  const titles = [...(withNamespace ? ['NAMESPACE'] : []), 'NAME', 'READY', 'CHECKS', 'WORKERS', 'STATUS']
  return `${table([titles, ...rows], columns).join('\n')}\n`
}
