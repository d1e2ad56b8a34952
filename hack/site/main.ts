/**
 * `node hack/site/main.ts`: the documents of this release as a static site, in `.site/www/VERSION`, beside those that were
 * built there before; the page of each leads to all of them. `node hack/site/main.ts serve` shows it.
 */
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { build } from 'vitepress'
import { RELEASE } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { serveSite } from './serve.ts'
import { stage } from './stage.ts'
import { newestFirst } from './versions.ts'

const { version: VERSION } = RELEASE
const out = join(repositoryDir, '.site/www')
const source = join(repositoryDir, '.site/pages')

if (process.argv[2] === 'serve') {
  const { url } = await serveSite(out, 8000)
  console.log(`${url}, until Ctrl+C`)
} else {
  const pages = await stage(repositoryDir, source)
  await cp(join(import.meta.dirname, 'home.md'), join(source, 'index.md'))
  process.env['SITE_SOURCE'] = source
  process.env['SITE_BASE'] = posix.join('/', process.env['DOCS_BASE'] ?? '', VERSION, '/')
  await build(import.meta.dirname, { outDir: join(out, VERSION) })
  await tellVersions()
  console.log(`${pages} pages in .site/www/${VERSION}; to look at them: make docs-serve`)
}

/** Where the site begins: at the newest release. */
async function tellVersions(): Promise<void> {
  await mkdir(out, { recursive: true })
  const versions = newestFirst(await readdir(out))
  await writeFile(join(out, 'versions.json'), `${JSON.stringify(versions)}\n`)
  await writeFile(
    join(out, 'index.html'),
    `<!doctype html><meta charset="utf-8"><title>BatchSender</title><meta http-equiv="refresh" content="0; url=${versions[0] ?? VERSION}/">\n`,
  )
}
