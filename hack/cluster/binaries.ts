/** Binaries from Go modules: built once for each state of their go.mod, then taken from the cache. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BinaryName, GoModule, ModuleName } from './modules.ts'
import { withLock } from './lock.ts'
import { moduleOf, MODULES } from './modules.ts'
import { cacheDir } from './paths.ts'
import { exists } from './exists.ts'

export type { BinaryName } from './modules.ts'

const TOOLS = join(import.meta.dirname, 'tools')
const PROGRESS_MS = 15_000

/**
 * @returns absolute path of a binary, built first when the cache has none for the present go.mod and flags.
 * @throws Error with the compiler's words when the module does not build.
 */
export async function binary(name: BinaryName): Promise<string> {
  return join(await moduleBinaries(moduleOf(name)), name)
}

/** @returns the folder with all binaries of a module. */
export function moduleBinaries(name: ModuleName): Promise<string> {
  return builtModule(name, MODULES[name])
}

/** The same for a module that is no part of the cluster. @param name of its folder in the cache. */
export async function builtModule(name: string, module: GoModule): Promise<string> {
  const target = join(cacheDir, 'bin', `${name}-${await stamp(module)}`)
  if (await exists(target)) return target
  return withLock(`${target}.lock`, async () => {
    if (!(await exists(target))) await build(name, module, target)
    return target
  })
}

/** @returns the folder of a module that was built before. */
export async function cachedModule(name: string, module: GoModule): Promise<string | undefined> {
  const target = join(cacheDir, 'bin', `${name}-${await stamp(module)}`)
  return (await exists(target)) ? target : undefined
}

async function build(name: string, module: GoModule, target: string): Promise<void> {
  const unfinished = `${target}.${process.pid}.tmp`
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { recursive: true })
  const startedAt = Date.now()
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`
  console.error(`building ${name} from its Go module (once; minutes on a small machine)`)
  let compiled = 0
  const progress = setInterval(() => {
    console.error(`  ${name}: ${compiled} packages compiled, ${elapsed()}`)
  }, PROGRESS_MS)
  try {
    for (const [binaryName, source] of Object.entries(module.binaries)) {
      await go(
        module,
        ['build', '-v', ...buildFlags(module), '-o', join(unfinished, binaryName), source],
        (line) => {
          if (!line.startsWith('go: ')) compiled += 1
        },
      )
    }
  } finally {
    clearInterval(progress)
  }
  await rename(unfinished, target)
  console.error(`built ${name} in ${elapsed()}`)
}

function buildFlags({ tags, ldflags }: GoModule): string[] {
  return [
    '-trimpath',
    '-ldflags',
    `-s -w ${ldflags ?? ''}`.trim(),
    ...(tags === undefined ? [] : ['-tags', tags]),
  ]
}

function go(module: GoModule, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: join(TOOLS, module.folder),
      env: {
        ...process.env,
        CGO_ENABLED: '0',
        GOFLAGS: '-mod=readonly -buildvcs=false',
        ...(module.toolchain !== undefined && { GOTOOLCHAIN: module.toolchain }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const tail: string[] = []
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) {
        onLine(line)
        tail.push(line)
        if (tail.length > 30) tail.shift()
      }
    })
    child.once('error', (error) => {
      reject(
        new Error(`Go 1.26 or later is needed to build ${module.folder}: ${error.message}`, { cause: error }),
      )
    })
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${module.folder} does not build:\n${tail.join('\n')}`))
    })
  })
}

/** Changes whenever a source or a flag does. */
async function stamp(module: GoModule): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(module))
  const folder = join(TOOLS, module.folder)
  for (const file of (await readdir(folder)).sort())
    hash.update(file).update(await readFile(join(folder, file)))
  return hash.digest('hex').slice(0, 12)
}
