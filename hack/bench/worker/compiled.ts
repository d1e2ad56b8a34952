/** A checkout's worker, compiled as in its image: stripping types at run time costs memory that no pod would pay. */
import { cp, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../cluster/shell.ts'

/** Beside the modules that npm did not hoist. */
const WORKSPACES = ['crds', 'worker']

/** @returns the path of its program. @throws Error when it does not compile */
export async function compiledWorker(checkout: string): Promise<string> {
  const dist = join(checkout, 'dist/bench-worker')
  const compiler = join(checkout, 'node_modules/typescript/bin/tsc')
  await rm(dist, { recursive: true, force: true })
  await run(process.execPath, [compiler, '-p', join(checkout, 'tsconfig.build.json'), '--outDir', dist])
  for (const workspace of WORKSPACES) {
    await mkdir(join(dist, workspace), { recursive: true })
    await symlink(join(checkout, workspace, 'node_modules'), join(dist, workspace, 'node_modules'))
  }
  // SQL is not for the compiler.
  const migrations = 'worker/src/store/migrations'
  await cp(join(checkout, migrations), join(dist, migrations), { recursive: true })
  return join(dist, 'worker/src/main.js')
}
