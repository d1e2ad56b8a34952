/** Where the documents lead, within the repository. Pure. */
import GithubSlugger from 'github-slugger'

export interface Link {
  /** As it stands there: a path from the folder of the document, or empty for the document itself. */
  readonly target: string
  readonly anchor: string | undefined
}

const FENCED = /^(`{3,}|~{3,}).*?^\1$/gms

/** What leads into the web is not among them. */
export function linksOf(text: string): readonly Link[] {
  const prose = text.replaceAll(FENCED, '').replaceAll(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return []
    const [target = '', anchor] = link.split('#')
    return [{ target, anchor }]
  })
}

/** As forges make them of headings; a second one of a name has a number. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const slugger = new GithubSlugger()
  const headings = [...text.replaceAll(FENCED, '').matchAll(/^#{1,6} +(.+?) *$/gm)]
  return new Set(
    headings.map(([, heading = '']) =>
      slugger.slug(heading.replaceAll(/`|\*\*|\[|\]\([^)]*\)/g, '').replaceAll(/\\(.)/g, '$1')),
    ),
  )
}
