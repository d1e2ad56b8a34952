/** Every link of every document leads somewhere, to a heading that is there. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { repositoryDir } from '../cluster/paths.ts'
import { anchorsOf, linksOf } from './links.ts'

const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: repositoryDir,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(repositoryDir, path)))
const textOf = (path: string) => readFileSync(path, 'utf8')

function faultsOf(path: string): string[] {
  const own = join(repositoryDir, path)
  return linksOf(textOf(own)).flatMap(({ target, anchor }) => {
    const there = target === '' ? own : join(dirname(own), target)
    if (!existsSync(there)) return [`${target} is not there`]
    if (anchor === undefined) return []
    if (statSync(there).isDirectory() || !there.endsWith('.md')) return [`${target} has no headings`]
    return anchorsOf(textOf(there)).has(anchor) ? [] : [`${target}#${anchor}: no such heading`]
  })
}

it.each(documents)('%s leads where it says', (path) => {
  expect(faultsOf(path)).toEqual([])
})

it('reads links and headings as forges do', () => {
  const text =
    '# A `b` & c\n\n## A\n\n## A\n\n[x](y.md#z), `[no](link)` [w](https://x.example)\n\n```sh\n# no\n[q](r)\n```\n'
  expect(linksOf(text)).toEqual([{ target: 'y.md', anchor: 'z' }])
  expect([...anchorsOf(text)]).toEqual(['a-b--c', 'a', 'a-1'])
})
