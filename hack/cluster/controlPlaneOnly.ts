/** Where pods cannot run: etcd and kube-apiserver alone, in a process of their own until it is told to end. */
import { mkdir, writeFile, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startControlPlane } from '../servers/controlPlane.ts'
import { stateDir } from './paths.ts'

const plane = await startControlPlane()
await mkdir(join(stateDir, 'pki'), { recursive: true })
await copyFile(plane.kubeconfig, join(stateDir, 'pki/admin.kubeconfig'))
await writeFile(join(stateDir, 'control-plane.pid'), String(process.pid))

const end = () => {
  void plane.stop().then(() => process.exit())
}
process.once('SIGTERM', end)
process.once('SIGINT', end)
