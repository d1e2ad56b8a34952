/** The built site in a real browser: every page, every link in it with its heading, the search, the choice of releases. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { launch, type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RELEASE } from '../../crds/release.ts'
import { ensureCommands } from '../cluster/packages.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { serveSite } from './serve.ts'

const site = join(repositoryDir, '.site/www')
const pictures = join(repositoryDir, '.site/pictures')
let server: Awaited<ReturnType<typeof serveSite>>
let browser: Browser
let page: Page
let home: string
const complaints: string[] = []

beforeAll(async () => {
  if (!existsSync(join(site, RELEASE.version))) throw new Error('there is no site yet: make docs')
  await ensureCommands('a browser', { chromium: 'chromium' })
  await mkdir(pictures, { recursive: true })
  server = await serveSite(site, 0)
  home = `${server.url}/${RELEASE.version}/`
  browser = await launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await browser.newPage()
  await page.setViewport({ width: 1280, height: 900 })
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${String(error)}`))
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${page.url()}: ${response.status()} ${response.url()}`)
  })
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

interface Seen {
  readonly heading: string
  readonly ids: readonly string[]
  readonly links: readonly string[]
  readonly overflows: boolean
}

/** In the words of the browser, whose types are not those of the rest. */
const LOOK = `({
  heading: document.querySelector('h1')?.textContent ?? '',
  ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
  links: [...document.querySelectorAll('a')].map(({ href }) => href),
  overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
})`

async function look(url: string): Promise<Seen> {
  await page.goto(url, { waitUntil: 'networkidle0' })
  return (await page.evaluate(LOOK)) as Seen
}

it('begins at the newest release', async () => {
  await page.goto(server.url, { waitUntil: 'networkidle0' })
  await page.waitForSelector('.VPHero')
  expect(await page.title()).toContain('BatchSender')
  await page.screenshot({ path: join(pictures, 'home.png') })
})

it('every link of every page leads to a page, and to a heading that is there', async () => {
  const seen = new Map<string, Seen>()
  const waiting = [home]
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (seen.has(url)) continue
    const found = await look(url)
    seen.set(url, found)
    waiting.push(
      ...found.links.map((link) => link.split('#')[0] ?? '').filter((link) => link.startsWith(home)),
    )
  }
  console.log(`${seen.size} pages`)
  const dead = [...seen].flatMap(([from, { links }]) =>
    links
      .filter((link) => link.startsWith(home) && link.includes('#'))
      .filter((link) => {
        const [to = '', id = ''] = link.split('#')
        return id !== '' && !seen.get(to)?.ids.includes(decodeURIComponent(id))
      })
      .map((link) => `${from} → ${link}`),
  )
  expect(dead).toEqual([])
  expect(complaints).toEqual([])
  expect(
    [...seen].filter(([url, { heading }]) => url !== home && heading === '').map(([url]) => url),
  ).toEqual([])
  expect([...seen].filter(([, { overflows }]) => overflows).map(([url]) => url)).toEqual([])
})

it('is searched without a server', async () => {
  await page.goto(home, { waitUntil: 'networkidle0' })
  await page.click('.DocSearch-Button')
  await page.waitForSelector('.search-input')
  await page.type('.search-input', 'recipients in doubt')
  await page.waitForSelector('.results .result')
  expect(await page.evaluate(`document.querySelector('.results .result').textContent`)).toMatch(/in doubt/i)
  await page.screenshot({ path: join(pictures, 'search.png') })
})

it('offers the releases that are there', async () => {
  await page.goto(home, { waitUntil: 'networkidle0' })
  const offered = (await page.evaluate(
    `[...document.querySelectorAll('select[aria-label="Release"] option')].map(({ value }) => value)`,
  )) as string[]
  expect(new Set(offered)).toContain(RELEASE.version)
})

it('is readable on a telephone', async () => {
  await page.setViewport({ width: 390, height: 844, isMobile: true })
  for (const path of ['quickstart.html', 'troubleshooting.html', 'api.html']) {
    expect((await look(`${home}${path}`)).overflows).toBe(false)
    await page.screenshot({ path: join(pictures, `telephone-${path}.png`) })
  }
})
