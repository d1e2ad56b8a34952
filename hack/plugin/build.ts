/**
 * The plugin as one executable: the program bundled into one file, and that put into a copy of Node (a single executable
 * application). Beside it the completion, an archive of both as krew wants it, and a package for npm.
 */
import { createHash } from 'node:crypto'
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { inject } from 'postject'
import { rolldown } from 'rolldown'
import { pack } from 'tar-stream'
import { RELEASE } from '../../crds/release.ts'
import { repositoryDir } from '../cluster/paths.ts'

export interface BuiltPlugin {
  /** The archive, for a release. */
  readonly file: string
  readonly sha256: string
  /** `linux/amd64`. */
  readonly platform: string
}

const NAME = 'kubectl-batchsender'
const COMPLETION = 'kubectl_complete-batchsender'
/** Of Node itself: what postject looks for. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
/** A second that is the same for the same version would be made up: archives carry none. */
const NO_TIME = new Date(0)

const execute = promisify(execFile)

/** @param outDir is made; what it has of these names is replaced */
export async function buildPlugin(outDir: string): Promise<BuiltPlugin> {
  const bundle = await npmPackage(join(outDir, 'npm'))
  const executable = join(outDir, NAME)
  await intoNode(bundle, executable)
  const completion = join(outDir, COMPLETION)
  await writeFile(completion, COMPLETION_TEXT, { mode: 0o755 })
  const [os, arch] = platform()
  const license = join(repositoryDir, 'LICENSE')
  const archive = await archived([
    { name: NAME, path: executable, mode: 0o755 },
    { name: COMPLETION, path: completion, mode: 0o755 },
    { name: 'LICENSE', path: license, mode: 0o644 },
  ])
  const file = join(outDir, `${NAME}-${os}-${arch}.tar.gz`)
  await writeFile(file, archive)
  return { file, sha256: createHash('sha256').update(archive).digest('hex'), platform: `${os}/${arch}` }
}

function platform(): readonly [string, string] {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  if (arch === undefined || (process.platform !== 'linux' && process.platform !== 'darwin'))
    throw new Error(`no executable is made for ${process.platform}/${process.arch}: use the package for npm`)
  return [process.platform, arch]
}

async function bundled(file: string): Promise<void> {
  const bundle = await rolldown({
    input: join(repositoryDir, 'operator/plugin/main.ts'),
    platform: 'node',
    // The client of Kubernetes brings every kind there is, and the plugin needs its kubeconfig alone.
    treeshake: { moduleSideEffects: false },
  })
  await bundle.write({ file, format: 'cjs', minify: true, codeSplitting: false })
  await bundle.close()
}

async function intoNode(bundle: string, executable: string): Promise<void> {
  const [configuration, blob] = [`${bundle}.json`, `${bundle}.blob`]
  await writeFile(
    configuration,
    JSON.stringify({
      main: bundle,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Half of the time to start is the reading of the program.
      useCodeCache: true,
    }),
  )
  const node = await realpath(process.execPath)
  await execute(node, ['--experimental-sea-config', configuration])
  await rm(executable, { force: true })
  await copyFile(node, executable)
  await inject(executable, 'NODE_SEA_BLOB', await readFile(blob), {
    sentinelFuse: FUSE,
    ...(process.platform === 'darwin' && { machoSegmentName: 'NODE_SEA' }),
  })
  await chmod(executable, 0o755)
  if (process.platform === 'darwin') await execute('codesign', ['--sign', '-', executable])
  await Promise.all([rm(configuration), rm(blob)])
}

/** kubectl calls it for what stands behind `kubectl batchsender`. */
const COMPLETION_TEXT = `#!/usr/bin/env sh
exec ${NAME} __complete "$@"
`

/** For npm, where Node is whoever installs it to bring. @returns the program in one file */
async function npmPackage(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const description = {
    name: NAME,
    version: RELEASE.version,
    description: 'kubectl batchsender: what kubectl get and describe do not tell of a BatchSender.',
    license: 'Apache-2.0',
    bin: { [NAME]: `${NAME}.cjs` },
    engines: { node: '>=24' },
  }
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(description, undefined, 2)}\n`)
  const bundle = join(folder, `${NAME}.cjs`)
  await bundled(bundle)
  await chmod(bundle, 0o755)
  await copyFile(join(repositoryDir, 'LICENSE'), join(folder, 'LICENSE'))
  return bundle
}

interface Entry {
  readonly name: string
  readonly path: string
  readonly mode: number
}

async function archived(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  const all = buffer(tar)
  for (const { name, path, mode } of entries) tar.entry({ name, mode, mtime: NO_TIME }, await readFile(path))
  tar.finalize()
  return gzipSync(await all)
}
