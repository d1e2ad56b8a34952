/** The whole checklist for an auditor, as Markdown. Pure. */
import type { Picture } from '../status/picture.ts'
import { maskText } from '../bundle/redact.ts'
import { plain } from '../text/wrap.ts'

export interface Report {
  readonly picture: Picture
  /** When it was made. */
  readonly at: string
  readonly server: string
  /** Of this program. */
  readonly version: string
  readonly images: readonly string[]
  readonly waivers: readonly { readonly check: string; readonly reason: string }[]
}

/** A cell, or a line: nothing in it is taken for Markdown or HTML. */
export function escapeMarkdown(text: string): string {
  return plain(maskText(text))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|#~!(){}]/g, '\\$&')
    .replaceAll(/https?:/gi, (scheme) => scheme.replace(':', '&#58;'))
    .replaceAll(/\s*\n\s*/g, ' ')
}

const row = (...cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`
const titles = (...names: readonly string[]) => [
  `| ${names.join(' | ')} |`,
  `|${names.map(() => ' --- |').join('')}`,
]

export function markdownOf({ picture, at, server, version, images, waivers }: Report): string {
  const { namespace, name, ready, headline, conditions, checks, figures } = picture
  const production = conditions.find(({ type }) => type === 'ProductionReady')
  return [
    `# Production readiness of BatchSender ${escapeMarkdown(`${namespace}/${name}`)}`,
    '',
    ...titles('What', 'Is'),
    row('Made at', at),
    row('API server', server),
    row('Ready', `${ready}: ${headline}`),
    row(
      'Ready for production',
      production ? `${production.status}: ${production.message}` : 'not judged yet',
    ),
    row('Checks', picture.summary.checks ?? 'none was made yet'),
    row('Images', images.join(', ')),
    row('Made by', `kubectl-batchsender ${version}`),
    '',
    '## Checks',
    '',
    ...titles('Check', 'State', 'Since', 'Evidence', 'Proves'),
    ...checks.map(({ name: check, state, since, message, meaning }) =>
      row(check, state, since, message, meaning),
    ),
    '',
    '## Waivers',
    '',
    ...(waivers.length === 0
      ? ['None.']
      : [...titles('Check', 'Reason'), ...waivers.map(({ check, reason }) => row(check, reason))]),
    '',
    '## Conditions',
    '',
    ...titles('Condition', 'Status', 'Reason', 'Since', 'Message'),
    ...conditions.map(({ type, status, reason, lastTransitionTime, message }) =>
      row(type, status, reason, lastTransitionTime, message),
    ),
    '',
    '## Evidence',
    '',
    ...titles('Figure', 'Value'),
    ...figures.map(({ path, value }) => row(path, value)),
    '',
    '## To do',
    '',
    ...todo(picture),
    '',
  ].join('\n')
}

function todo({ conditions, checks }: Picture): readonly string[] {
  const open = [
    ...conditions.map(({ type, advice }) => ({ what: type, advice })),
    ...checks.map(({ name, advice }) => ({ what: name, advice })),
  ].filter(({ advice }) => advice !== undefined)
  if (open.length === 0) return ['Nothing.']
  return open.map(({ what, advice }) => {
    const page = advice?.page === undefined ? '' : ` (docs/${advice.page})`
    return `- ${escapeMarkdown(`${what}: ${advice?.next ?? ''}${page}`)}`
  })
}
