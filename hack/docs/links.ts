/** Where the documents lead, within the repository. Pure. */
import GithubSlugger from 'github-slugger'

export interface Link {
  /** As it stands there: a path from the folder of the document, or empty for the document itself. */
  readonly target: string
  readonly anchor: string | undefined
}

const FENCED = /^(`{3,}|~{3,}).*?^\1$/gms
/** Fenced, or within a line. */
const CODE = /(?:^(`{3,}|~{3,}).*?^\1$)|`[^`\n]*`/gms

/** @returns the text with its prose changed and its code as it is */
export function withProse(text: string, change: (prose: string) => string): string {
  const code = [...text.matchAll(CODE)]
  const ends = code.map((match) => match.index + match[0].length)
  const parts = [0, ...ends].map((from, at) => {
    const match = code[at]
    return change(text.slice(from, match?.index)) + (match?.[0] ?? '')
  })
  return parts.join('')
}

/** What leads into the web is not among them. */
export function linksOf(text: string): readonly Link[] {
  const found: Link[] = []
  withLinks(text, (link) => {
    found.push(link)
    return link.target
  })
  return found
}

/** @param replaced what is to stand in the place of a target; its anchor stays */
export function withLinks(text: string, replaced: (link: Link) => string): string {
  return withProse(text, (prose) =>
    prose.replaceAll(/(?<=\]\()[^)\s]+(?=\))/g, (link) => {
      if (/^[a-z]+:/.test(link)) return link
      const [target = '', anchor] = link.split('#')
      return replaced({ target, anchor }) + (anchor === undefined ? '' : `#${anchor}`)
    }),
  )
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
