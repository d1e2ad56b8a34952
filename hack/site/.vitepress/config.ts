/** VitePress: what is not its standard. `hack/site/main.ts` sets the environment. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { slug } from 'github-slugger'
import { defineConfig, type DefaultTheme } from 'vitepress'
import { RELEASE } from '../../../crds/release.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { FOLDERS, SECTIONS } from '../contents.ts'
import { placeOf, titleOf } from '../page.ts'

const item = (path: string): DefaultTheme.SidebarItem => ({
  text: titleOf(readFileSync(join(repositoryDir, path), 'utf8')),
  link: `/${placeOf({ path, kind: 'document' })}`,
})

const folder = ({ text, path }: (typeof FOLDERS)[number]): DefaultTheme.SidebarItem => ({
  text,
  collapsed: true,
  items: readdirSync(join(repositoryDir, path))
    .sort()
    .map((name) => item(`${path}/${name}`)),
})

/** An envelope. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M3 7h26v18H3z" fill="#3451b2"/><path d="M4 8l12 10L28 8" fill="none" stroke="#fff" stroke-width="2"/></svg>'

export default defineConfig({
  title: 'BatchSender',
  description: 'Large batches of e-mail on Kubernetes, from one custom resource',
  lang: 'en-GB',
  base: process.env['SITE_BASE'] ?? '/',
  srcDir: process.env['SITE_SOURCE'] ?? '.',
  cacheDir: join(repositoryDir, '.site/cache'),
  lastUpdated: false,
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }],
  ],
  vite: {
    // Its compiler is older than the target of tsconfig.json.
    esbuild: { tsconfigRaw: { compilerOptions: { target: 'ES2022' } } },
    build: { chunkSizeWarningLimit: 4000 },
  },
  markdown: {
    // Names in angle brackets are text.
    html: false,
    anchor: { slugify: slug },
    languageAlias: { promql: 'sql' },
    config(md) {
      // What senders write in braces is not for Vue, which reads entities after it has looked for its own.
      const render = md.renderer.render.bind(md.renderer)
      md.renderer.render = (...page) => render(...page).replaceAll('{{', '&#123;&#123;')
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Quick start', link: '/quickstart.md' },
      { text: 'API', link: '/api.md' },
      { text: 'Runbooks', link: '/runbooks/check-failing.md' },
    ],
    sidebar: [
      ...SECTIONS.map(({ text, pages }) => ({ text, collapsed: false, items: pages.map(item) })),
      ...FOLDERS.map(folder),
    ],
    footer: { message: `Release ${RELEASE.version}, Apache License 2.0` },
  },
})
