/** docs/api.md: every field, condition, reason and check, from the schema in crds/. */
import { BatchSender, GROUP, KIND, VERSION } from '../../crds/schema/batchsender.ts'
import { CHECKS } from '../../crds/schema/checks.ts'
import { CONDITIONS, CONDITION_TYPES, sumsIntoReady } from '../../crds/schema/conditions.ts'
import type { ConditionType } from '../../crds/schema/conditions.ts'
import { EVENTS } from '../../crds/schema/events.ts'
import { SUMMARY_CONDITIONS, SUMMARY_REASONS } from '../../crds/schema/summaryConditions.ts'
import { structural } from './structural.ts'

interface Field {
  readonly type?: string
  /** Of a piece that many fields share: it is described once, in a section of that name. */
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Field>>
  readonly items?: Field
  readonly additionalProperties?: Field
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string }[]
}

/** Markdown of the API reference. */
export function apiDocs(): string {
  const root = structural(BatchSender) as Field
  const sections = ['spec', 'status'].map((section) => {
    const rows = Object.entries(root.properties?.[section]?.properties ?? {}).flatMap(([name, field]) =>
      describe(`${section}.${name}`, field, root.properties?.[section]?.required?.includes(name) ?? false),
    )
    return [`## ${section}`, ...table(rows)].join('\n')
  })
  const pieces = [...shared(root)].map(([title, piece]) =>
    [`## ${title}`, ...table(below('', piece))].join('\n'),
  )
  return [
    '# API reference',
    '',
    `\`${GROUP}/${VERSION}\`, kind \`${KIND}\`, short name \`bs\`. Fields marked * are required.`,
    '',
    ...sections,
    ...pieces,
    '## Rules',
    '',
    ...[...new Set(rules(root))].map((message) => `- ${message}`),
    '',
    '## Conditions',
    '',
    ...Object.entries(SUMMARY_CONDITIONS).map(([type, doc]) => `- **${type}**: ${doc}`),
    '',
    ...pairs('Reason of these', SUMMARY_REASONS),
    'These sum into `Ready`, the first that is not True being the one it tells about:',
    '',
    ...CONDITION_TYPES.filter(sumsIntoReady).flatMap(condition),
    'These stand beside `Ready`, which does not wait for them:',
    '',
    ...CONDITION_TYPES.filter((type) => !sumsIntoReady(type)).flatMap(condition),
    '## Events',
    '',
    'A condition that turns from True to False, what stalls, and `MailFlowing` that turns True again is told with the reason of that condition.',
    '',
    ...pairs('Event', EVENTS),
    '## Checks',
    '',
    '| Check | Proven when |',
    '| --- | --- |',
    ...Object.entries(CHECKS).map(([name, doc]) => `| \`${name}\` | ${doc} |`),
    '',
  ].join('\n')
}

function condition(type: ConditionType): string[] {
  const { doc, reasons } = CONDITIONS[type]
  return [
    `### ${type}`,
    '',
    doc,
    '',
    '| Reason | Meaning | A person must act |',
    '| --- | --- | --- |',
    ...Object.entries(reasons as Record<string, { doc: string; stalls?: true }>).map(
      ([reason, meaning]) => `| \`${reason}\` | ${meaning.doc} | ${meaning.stalls === true ? 'yes' : ''} |`,
    ),
    '',
  ]
}

const pairs = (head: string, docs: Readonly<Record<string, string>>) => [
  `| ${head} | Meaning |`,
  '| --- | --- |',
  ...Object.entries(docs).map(([name, doc]) => `| \`${name}\` | ${doc} |`),
  '',
]

const table = (rows: readonly string[]) => ['', '| Field | Type | |', '| --- | --- | --- |', ...rows, '']

function describe(path: string, field: Field, required: boolean): string[] {
  const nested = field.type === 'array' ? (field.items ?? {}) : field
  const row = `| \`${path}\`${required ? ' *' : ''} | ${typeOf(field)} | ${remarks(field)} |`
  if (nested.title !== undefined) return [row]
  return [row, ...below(`${path}${field.type === 'array' ? '[]' : ''}.`, nested)]
}

function below(prefix: string, { properties = {}, required = [] }: Field): string[] {
  return Object.entries(properties).flatMap(([name, child]) =>
    describe(`${prefix}${name}`, child, required.includes(name)),
  )
}

/** Pieces with a title, each once. */
function shared(field: Field): Map<string, Field> {
  const inside = [...Object.values(field.properties ?? {}), ...(field.items ? [field.items] : [])]
  const found = inside.flatMap((one) => [...shared(one)])
  return new Map(field.title === undefined ? found : [[field.title, field], ...found])
}

function typeOf(field: Field): string {
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(' \\| ')
  const { title } = field.items ?? field
  if (title !== undefined) return `${field.items ? 'list of ' : ''}[${title}](#${title.toLowerCase()})`
  if (field.type === 'array') return `list of ${field.items?.type ?? 'values'}`
  if (field.additionalProperties) return 'map of strings'
  return field.type ?? 'any'
}

function remarks(field: Field): string {
  const standard = field.default
  const shown =
    typeof standard === 'string' || typeof standard === 'number' || typeof standard === 'boolean'
      ? ` Default: \`${String(standard)}\`.`
      : ''
  return `${field.description ?? ''}${shown}`.trim()
}

function rules(field: Field): string[] {
  const own = (field['x-kubernetes-validations'] ?? []).map((entry) => entry.message)
  const below = [...Object.values(field.properties ?? {}), ...(field.items ? [field.items] : [])].flatMap(
    rules,
  )
  return [...own, ...below]
}
