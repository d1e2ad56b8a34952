import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import { SECTIONS } from './contents.ts'
import { documentOf, folderOf, placeOf, sourceOf, targetsOf, type Entry } from './page.ts'
import { entriesOf } from './stage.ts'
import { newestFirst } from './versions.ts'

const entries: readonly Entry[] = [
  { path: 'README.md', kind: 'document' },
  { path: 'docs/a.md', kind: 'document' },
  { path: 'docs/runbooks/b.md', kind: 'document' },
  { path: 'config/samples', kind: 'folder' },
  { path: 'config/samples/x.yaml', kind: 'source' },
]
const known = new Map(entries.map((entry) => [entry.path, entry]))

describe('a document', () => {
  it('leads to the places that the others have on the site', () => {
    const text =
      '[a](a.md#one) [b](runbooks/b.md) [r](../README.md) [s](../config/samples) [x](../config/samples/x.yaml) [w](https://w.example) [o](#own)'
    expect(documentOf('docs/a.md', text, known)).toBe(
      '[a](a.md#one) [b](runbooks/b.md) [r](project/README.md) [s](source/config/samples/index.md) [x](source/config/samples/x.yaml.md) [w](https://w.example) [o](#own)',
    )
    expect(documentOf('docs/runbooks/b.md', '[a](../a.md)', known)).toBe('[a](../a.md)')
    expect(documentOf('README.md', '[a](docs/a.md)', known)).toBe('[a](../a.md)')
  })

  it('leads nowhere else', () => {
    expect(() => documentOf('docs/a.md', '[c](c.md)', known)).toThrow('docs/a.md leads to docs/c.md')
  })

  it('keeps code, and loses marks and diagrams', () => {
    const code = '```sh\n# [no](link.md)\n```\n'
    expect(documentOf('docs/a.md', `<!-- procedure: x -->\n\n${code}`, known)).toBe(code)
    expect(documentOf('docs/a.md', 'a\n\n```mermaid\nflowchart\n```\n\nb\n', known)).toBe('a\n\nb\n')
    const shown = '```\n<!-- procedure: x -->\n```\n'
    expect(documentOf('docs/a.md', shown, known)).toBe(shown)
    expect(targetsOf('docs/a.md', `${code}[b](runbooks/b.md#x)`)).toEqual(['docs/runbooks/b.md'])
  })
})

it('a source is shown as it is, whatever is in it', () => {
  expect(sourceOf('config/x.yaml', 'a: 1\n')).toBe('# x.yaml\n\n`config/x.yaml`\n\n```yaml\na: 1\n```\n')
  expect(sourceOf('x.md', '````\n')).toContain('`````md\n````\n`````')
})

it('a folder leads to what is in it', () => {
  expect(folderOf('config/samples', entries.slice(4))).toBe('# config/samples\n\n- [x.yaml](x.yaml.md)\n')
})

it('releases are in the order of their numbers', () => {
  expect(newestFirst(['assets', '0.9.0', '0.10.0', '0.10.0-rc.1', 'index.html', '1.0.0'])).toEqual([
    '1.0.0',
    '0.10.0',
    '0.10.0-rc.1',
    '0.9.0',
  ])
})

describe('the site', () => {
  it('has every document of docs in its side bar, and a place of its own for each page', async () => {
    const all = await entriesOf(repositoryDir)
    const shown = new Set(SECTIONS.flatMap(({ pages }) => pages))
    const documents = readdirSync(join(repositoryDir, 'docs')).filter((name) => name.endsWith('.md'))
    expect(documents.filter((name) => !shown.has(`docs/${name}`))).toEqual([])
    const places = [...all.values()].map(placeOf)
    expect(new Set(places.map((place) => place.toLowerCase())).size).toBe(places.length)
  })
})
