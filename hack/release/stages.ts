/**
 * Carries out the stages of the Dockerfile in folders of this machine, without root and without a daemon: what its
 * commands make is JavaScript, the same on every architecture. Commands see this machine's programs, not the base's.
 */
import { cp, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, join, matchesGlob, relative } from 'node:path'
import { repositoryDir } from '../cluster/paths.ts'
import { run } from '../cluster/shell.ts'
import type { Stage, Step } from './dockerfile.ts'

export interface Built {
  /** The root of its files. */
  readonly root: string
  readonly workdir: string
}

/** @param folder for all stages, empty. @returns what the last stage of those that `target` needs has made */
export async function build(stages: readonly Stage[], target: string, folder: string): Promise<Built> {
  const done = new Map<string, Built>()
  const ignored = await ignoredPaths()
  const one = async (name: string): Promise<Built> => {
    const known = done.get(name)
    if (known) return known
    const stage = stages.find((candidate) => candidate.name === name)
    if (!stage) throw new Error(`Dockerfile: there is no stage ${name}`)
    const root = join(folder, name)
    await mkdir(root, { recursive: true })
    const above = stages.some((candidate) => candidate.name === stage.base)
      ? await one(stage.base)
      : undefined
    if (above) await cp(above.root, root, { recursive: true, verbatimSymlinks: true })
    let built: Built = { root, workdir: above?.workdir ?? '/' }
    for (const step of stage.steps) built = await carryOut(step, built, { one, ignored })
    done.set(name, built)
    return built
  }
  return one(target)
}

interface Around {
  readonly one: (stage: string) => Promise<Built>
  readonly ignored: readonly string[]
}

async function carryOut(step: Step, built: Built, around: Around): Promise<Built> {
  const here = join(built.root, built.workdir)
  if (step.type === 'workdir') {
    await mkdir(join(built.root, step.path), { recursive: true })
    return { ...built, workdir: step.path }
  }
  if (step.type === 'run') {
    if (/(^|[\s'"=])\/(?!dev\/)/.test(step.command))
      throw new Error(`hack/release cannot carry out a command with an absolute path: RUN ${step.command}`)
    // As in a fresh image: nothing of how this process was started decides what npm installs.
    const env = { ...process.env, NODE_ENV: '', npm_config_prefer_offline: 'true' }
    await run('sh', ['-c', step.command], { cwd: here, env })
    return built
  }
  const from = step.from === undefined ? repositoryDir : (await around.one(step.from)).root
  const ignored = step.from === undefined ? around.ignored : []
  for (const source of step.sources)
    await copied(join(from, source), from, join(here, step.to), step, ignored)
  return built
}

/** As Docker does: of a folder the content, of a file the file, into a target that ends with a slash. */
async function copied(
  source: string,
  from: string,
  target: string,
  step: { to: string },
  ignored: readonly string[],
) {
  const isFolder = (await stat(source)).isDirectory()
  const into = /(^|\/)\.?\/?$/.test(step.to) && !isFolder ? join(target, basename(source)) : target
  await cp(source, into, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => {
      const name = relative(from, path)
      return !ignored.some((pattern) => matchesGlob(name, pattern))
    },
  })
}

const ignoredPaths = async () =>
  (await readFile(join(repositoryDir, '.dockerignore'), 'utf8')).split('\n').filter(Boolean)
