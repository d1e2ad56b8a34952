/**
 * `make release VERSION=x`: everything that a release consists of, in dist/. The same commit gives the same bytes, as long as
 * Debian has the same packages. SOURCE_DATE_EPOCH says the time that files have; DIST another folder.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { RELEASE } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'
import { sha256 } from './archive.ts'
import { releaseImages } from './images.ts'
import { releaseChart, releaseManifests } from './manifests.ts'
import { provenance } from './provenance.ts'
import { refusal } from './refusals.ts'

const { VERSION = '', TRIAL = '', DIST = join(repositoryDir, 'dist'), SOURCE_DATE_EPOCH } = process.env
const PROVENANCE = 'provenance.unsigned.intoto.json'

const git = async (...args: readonly string[]) => (await run('git', args, { cwd: repositoryDir })).trim()

async function release(): Promise<void> {
  const uncommitted = (await git('status', '--porcelain')).split('\n').filter(Boolean)
  const changelog = await readFile(join(repositoryDir, 'CHANGELOG.md'), 'utf8')
  const why = refusal(RELEASE, { version: VERSION, changelog, uncommitted, trial: TRIAL !== '' })
  if (why !== undefined) throw new Error(why)
  const seconds = Number(SOURCE_DATE_EPOCH ?? (await git('log', '-1', '--format=%ct')))
  await rm(DIST, { recursive: true, force: true })
  await mkdir(DIST, { recursive: true })
  const work = await mkdtemp(join(tmpdir(), 'release-'))
  try {
    console.error('manifests and chart')
    await releaseManifests(RELEASE, DIST)
    await releaseChart(RELEASE, { work, target: DIST, seconds })
    console.error('images and what is in them')
    await releaseImages({ release: RELEASE, work, target: DIST, seconds })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  const lockSha256 = await sha256(join(repositoryDir, 'package-lock.json'))
  const commit = uncommitted.length > 0 ? {} : { commit: await git('rev-parse', 'HEAD') }
  const { version, docsUrl } = RELEASE
  const statement = provenance(await sums(), { version, docsUrl, lockSha256, seconds, ...commit })
  await writeFile(join(DIST, PROVENANCE), statement)
  const lines = Object.entries(await sums()).map(([file, sum]) => `${sum}  ${file}\n`)
  await writeFile(join(DIST, 'SHA256SUMS'), lines.join(''))
  console.log(
    `${relative(process.cwd(), DIST)}: ${lines.length + 1} files, checked by: sha256sum -c SHA256SUMS`,
  )
}

/** File → sha256, of all that is there, sorted. */
async function sums(): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(DIST, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  const pairs = files.sort().map(async (file) => [relative(DIST, file), await sha256(file)] as const)
  return Object.fromEntries(await Promise.all(pairs))
}

await release().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
