/** Who takes part, in which settings, and what has to be installed for it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { builtModule } from '../../cluster/binaries.ts'
import { repositoryDir } from '../../cluster/paths.ts'
import { mavenTool } from '../../servers/mavenTool.ts'
import { npmTool } from '../../servers/npmTool.ts'
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
  /** The same with leader election, where it has one. */
  readonly elected?: (command: Command) => Command
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

const node = (
  name: string,
  settings: string,
  { folder = name, env = {} }: { folder?: string; env?: Readonly<Record<string, string>> } = {},
): Contestant => ({
  name,
  settings,
  async prepare() {
    await compile()
    return { program: process.execPath, args: [join(COMPILED, folder, 'main.js')], env }
  },
})

/** What the operator's image starts Node with. */
export const IMAGE_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=30'] as const

/** What the operator's image sets beside what every image does. */
export const IMAGE_ENVIRONMENT = { NODE_NO_WARNINGS: '1', MALLOC_ARENA_MAX: '1' } as const

/** @param profiles folder for a CPU profile of each of its processes. */
export function ours(profiles?: string): Contestant {
  const { prepare, ...rest } = node('ours', 'default: 16 workers, started as in the image', {
    env: IMAGE_ENVIRONMENT,
  })
  const flags = [
    ...IMAGE_FLAGS,
    ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]),
  ]
  return {
    ...rest,
    async prepare() {
      const command = await prepare()
      return { ...command, args: [...flags, ...command.args] }
    },
    elected: (command) => ({ ...command, env: { ...command.env, LEADER_ELECTION: 'true' } }),
  }
}

const go = (name: string, settings: string, flags: readonly string[]): Contestant => ({
  name,
  settings,
  async prepare() {
    const program = join(await controllerRuntime(), 'operator')
    return { program, args: [`--children=${TEMPLATE_PATH}`, ...flags] }
  },
  elected: (command) => ({ ...command, args: [...command.args, '--leader-elect'] }),
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

const fluentClient: Contestant = {
  name: 'fluent-client',
  settings: 'watches and server-side apply of Pepr’s client, default',
  async prepare() {
    const modules = await npmTool('bench-fluent-client', join(HERE, 'fluentClient/packages'))
    const { prepare } = node('fluent-client', '', {
      folder: 'fluentClient',
      env: { FLUENT_CLIENT: join(modules, 'kubernetes-fluent-client/dist/index.js') },
    })
    return prepare()
  },
}

const java = (
  name: string,
  settings: string,
  options: readonly string[],
  env: Readonly<Record<string, string>>,
): Contestant => ({
  name,
  settings,
  async prepare() {
    const classPath = await mavenTool('bench-java-operator-sdk', join(HERE, 'javaOperatorSdk'))
    return {
      program: 'java',
      args: ['-Dkubernetes.certs.client.key.algo=EC', ...options, '-cp', classPath, 'bench.Main'],
      env,
    }
  },
  elected: (command) => ({ ...command, env: { ...command.env, LEADER_ELECTION: 'true' } }),
})

const TUNED = ['--workers=16', '--tuned']

export const CONTESTANTS: readonly Contestant[] = [
  ours(),
  go('controller-runtime-create', 'CreateOrUpdate, default: 1 worker', []),
  go('controller-runtime-create-16', 'CreateOrUpdate, 16 workers, selective cache', TUNED),
  go('controller-runtime-apply', 'server-side apply, default: 1 worker', ['--apply']),
  go('controller-runtime-apply-16', 'server-side apply, 16 workers, selective cache', ['--apply', ...TUNED]),
  python('kopf', 'default', {}),
  python('kopf-16', '16 threads for handlers, no events', { TUNED: 'true' }),
  node('informer', 'makeInformer of the stock client, default'),
  node('informer-parallel', 'the same, the children of an object side by side', {
    folder: 'informer',
    env: { TUNED: 'true' },
  }),
  java('java-operator-sdk', 'dependent resources, server-side apply, default: 50 threads', [], {}),
  java(
    'java-operator-sdk-16',
    '16 threads, serial collector, heap of 256 MB',
    ['-XX:+UseSerialGC', '-Xmx256m'],
    {
      WORKERS: '16',
    },
  ),
  fluentClient,
]

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
