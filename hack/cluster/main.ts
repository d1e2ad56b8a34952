/** `node hack/cluster/main.ts up | status | down | exec COMMAND… | binaries` */
import { spawnSync } from 'node:child_process'
import { moduleBinaries } from './binaries.ts'
import {
  adminKubeconfig,
  ensureCluster,
  ensureControlPlane,
  isUp,
  SCRIPT,
  scriptEnvironment,
  stopCluster,
} from './cluster.ts'
import { MODULE_NAMES } from './modules.ts'

const [command = 'status', ...rest] = process.argv.slice(2)

switch (command) {
  case 'up': {
    const mayRunPods = process.getuid?.() === 0 || process.env['CLUSTER'] === 'current'
    const { kubeconfig } = await (mayRunPods ? ensureCluster() : ensureControlPlane())
    console.log(`export KUBECONFIG=${kubeconfig}`)
    break
  }
  case 'status':
    console.log((await isUp()) ? `up: export KUBECONFIG=${adminKubeconfig}` : 'down')
    break
  case 'down':
    await stopCluster()
    console.log('down; builds and images are kept in the cache')
    break
  case 'exec': {
    const { status } = spawnSync(SCRIPT, ['exec', ...rest], {
      stdio: 'inherit',
      env: scriptEnvironment(),
    })
    process.exitCode = status ?? 1
    break
  }
  case 'binaries':
    for (const module of MODULE_NAMES) console.log(await moduleBinaries(module))
    break
  default:
    console.error('usage: main.ts up | status | down | exec COMMAND… | binaries')
    process.exitCode = 2
}
