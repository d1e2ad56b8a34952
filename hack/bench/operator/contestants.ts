/** Who takes part, in which settings, and what has to be installed for it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtModule } from '../../cluster/binaries.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { pythonTool } from '../../servers/pythonTool.ts'
import { TEMPLATE_PATH } from './fixture.ts'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Contestant {
  readonly name: string
  /** As shown to a reader. */
  readonly settings: string
  /** Installs or builds what is missing. @throws Error with the reason when it cannot take part here. */
  readonly prepare: () => Promise<Command>
}

const run = promisify(execFile)
const HERE = join(import.meta.dirname, 'contestants')
const COMPILED = join(repositoryDir, 'dist/bench-operator/hack/bench/operator/contestants')

/** Compiled, as the images are: stripping types at run time costs memory that no pod would pay. */
const compile = once(() =>
  run(process.execPath, [
    join(repositoryDir, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(import.meta.dirname, 'tsconfig.contestants.json'),
  ]),
)

const controllerRuntime = once(() =>
  builtModule('bench-controller-runtime', {
    // Seen from the modules of the cluster.
    folder: '../../bench/operator/contestants/controllerRuntime',
    binaries: { operator: '.' },
  }),
)

const kopf = once(() => pythonTool('kopf', join(HERE, 'kopf/requirements.txt')))

const node = (name: string, settings: string): Contestant => ({
  name,
  settings,
  async prepare() {
    await compile()
    return { program: process.execPath, args: [join(COMPILED, name, 'main.js')] }
  },
})

const go = (name: string, settings: string, flags: readonly string[]): Contestant => ({
  name,
  settings,
  async prepare() {
    const program = join(await controllerRuntime(), 'operator')
    return { program, args: [`--children=${TEMPLATE_PATH}`, ...flags] }
  },
})

const python = (name: string, settings: string, env: Readonly<Record<string, string>>): Contestant => ({
  name,
  settings,
  async prepare() {
    const args = ['run', '--standalone', '--all-namespaces', join(HERE, 'kopf/operator.py')]
    // A source folder is no place for byte code.
    return { program: await kopf(), args, env: { ...env, PYTHONDONTWRITEBYTECODE: '1' } }
  },
})

export const CONTESTANTS: readonly Contestant[] = [
  node('ours', 'default: 16 workers'),
  go('controller-runtime-create', 'CreateOrUpdate, default: 1 worker', []),
  go('controller-runtime-create-16', 'CreateOrUpdate, 16 workers', ['--workers=16']),
  go('controller-runtime-apply', 'server-side apply, default: 1 worker', ['--apply']),
  go('controller-runtime-apply-16', 'server-side apply, 16 workers', ['--apply', '--workers=16']),
  python('kopf', 'default', {}),
  python('kopf-16', '16 threads for handlers, no events', { TUNED: 'true' }),
  node('informer', 'makeInformer of the stock client, default'),
]

/** Who would belong here and does not take part, and why. */
export const ABSENT: readonly string[] = [
  'Java Operator SDK and the fluent client of Pepr have no operator in this folder yet.',
]

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
