/** The same as one page that needs nothing else and runs nothing. Pure. */
import type { Report } from './markdown.ts'
import { maskText } from '../bundle/redact.ts'
import { plain } from '../text/wrap.ts'

export function escapeHtml(text: string): string {
  return plain(maskText(text))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}' +
  'table{border-collapse:collapse;width:100%;margin:0 0 2rem}th,td{border:1px solid #ccc;padding:.35rem .6rem;' +
  'text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f3f3f3}' +
  '.Proven,.True{color:#116329}.Failing,.False{color:#a40e26}.Unknown,.NotConfigured,.Waived{color:#7d4e00}' +
  '@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}'

const STATES: readonly string[] = ['Proven', 'True', 'Failing', 'False', 'Unknown', 'NotConfigured', 'Waived']

const cell = (text: string) =>
  `<td${STATES.includes(text) ? ` class="${text}"` : ''}>${escapeHtml(text)}</td>`
const row = (cells: readonly string[]) => `<tr>${cells.map(cell).join('')}</tr>`

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>None.</p>'
  const head = titles.map((title) => `<th scope="col">${title}</th>`).join('')
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${rows.map(row).join('\n')}\n</tbody></table>`
}

export function htmlOf({ picture, at, server, version, images, waivers }: Report): string {
  const { namespace, name, ready, headline, conditions, checks, figures } = picture
  const title = escapeHtml(`Production readiness of BatchSender ${namespace}/${name}`)
  const production = conditions.find(({ type }) => type === 'ProductionReady')
  const open = [
    ...conditions.map(({ type, advice }) => ({ what: type, advice })),
    ...checks.map(({ name: check, advice }) => ({ what: check, advice })),
  ].flatMap(({ what, advice }) =>
    advice ? [[what, advice.next, advice.page === undefined ? '' : `docs/${advice.page}`]] : [],
  )
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${title}</title><style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1>`,
    table(
      ['What', 'Is'],
      [
        ['Made at', at],
        ['API server', server],
        ['Ready', `${ready}: ${headline}`],
        [
          'Ready for production',
          production ? `${production.status}: ${production.message}` : 'not judged yet',
        ],
        ['Checks', picture.summary.checks ?? 'none was made yet'],
        ['Images', images.join(', ')],
        ['Made by', `kubectl-batchsender ${version}`],
      ],
    ),
    '<h2>Checks</h2>',
    table(
      ['Check', 'State', 'Since', 'Evidence', 'Proves'],
      checks.map((check) => [check.name, check.state, check.since, check.message, check.meaning]),
    ),
    '<h2>Waivers</h2>',
    table(
      ['Check', 'Reason'],
      waivers.map(({ check, reason }) => [check, reason]),
    ),
    '<h2>Conditions</h2>',
    table(
      ['Condition', 'Status', 'Reason', 'Since', 'Message'],
      conditions.map((one) => [one.type, one.status, one.reason, one.lastTransitionTime, one.message]),
    ),
    '<h2>Evidence</h2>',
    table(
      ['Figure', 'Value'],
      figures.map(({ path, value }) => [path, value]),
    ),
    '<h2>To do</h2>',
    table(['What', 'Next', 'Where'], open),
    '</body></html>',
    '',
  ].join('\n')
}
