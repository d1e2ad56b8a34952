/** What becomes of a file of the repository on the site. Pure; paths are from the root of either. */
import { posix } from 'node:path'
import { withLinks, withProse } from '../docs/links.ts'

/** The site can show any file: those that are no documents as their source. */
export type Kind = 'document' | 'source' | 'folder'

export interface Entry {
  readonly path: string
  readonly kind: Kind
}

const COMMENT = /^<!--.*?-->\n+/gms
const DIAGRAM = /^```mermaid\n.*?^```\n+/gms

/** `docs/install.md` is `install.md`, `README.md` is `project/README.md`, all others are below `source`. */
export function placeOf({ path, kind }: Entry): string {
  if (kind === 'folder') return posix.join('source', path, 'index.md')
  if (kind === 'source') return posix.join('source', `${path}.md`)
  if (path.startsWith('docs/')) return path.slice('docs/'.length)
  return path.includes('/') ? posix.join('source', path) : posix.join('project', path)
}

/** @returns the files and folders of the repository that a document leads to, without anchors */
export function targetsOf(path: string, text: string): readonly string[] {
  const targets = new Set<string>()
  withTargets(path, text, (target) => {
    targets.add(target)
    return target
  })
  return [...targets]
}

/**
 * @param known every entry of the site, by its path
 * @throws Error naming a link that leads nowhere
 */
export function documentOf(path: string, text: string, known: ReadonlyMap<string, Entry>): string {
  const own = known.get(path)
  if (!own) throw new Error(`${path} is no page of the site`)
  const linked = withTargets(path, text, (target) => {
    const entry = known.get(target)
    if (!entry) throw new Error(`${path} leads to ${target}, which is not there`)
    return posix.relative(posix.dirname(placeOf(own)), placeOf(entry))
  })
  return withProse(linked.replace(DIAGRAM, ''), (prose) => prose.replace(COMMENT, ''))
}

export function sourceOf(path: string, text: string): string {
  const language = posix.extname(path).slice(1)
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)))
  return `# ${posix.basename(path)}\n\n\`${path}\`\n\n${fence}${language}\n${text.trimEnd()}\n${fence}\n`
}

export function folderOf(path: string, entries: readonly Entry[]): string {
  const from = posix.dirname(placeOf({ path, kind: 'folder' }))
  const lines = entries.map(
    (entry) => `- [${posix.relative(path, entry.path)}](${posix.relative(from, placeOf(entry))})`,
  )
  return `# ${path}\n\n${lines.join('\n')}\n`
}

export const titleOf = (text: string): string => /^# (.+)$/m.exec(text)?.[1] ?? ''

/** @param replaced what leads to another file; a link within the document stays */
function withTargets(path: string, text: string, replaced: (target: string) => string): string {
  return withLinks(text, ({ target }) =>
    target === '' ? '' : replaced(posix.join(posix.dirname(path), target).replace(/\/$/, '')),
  )
}
