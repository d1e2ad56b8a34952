/** The local cluster: brought up, looked at, taken down; images handed to it. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fixedImages, type Bundle } from '../images/images.ts'
import { moduleBinaries } from './binaries.ts'
import { alive, withLock } from './lock.ts'
import { MODULE_NAMES, MODULES } from './modules.ts'
import { ensurePackages } from './packages.ts'
import { cacheDir, stateDir } from './paths.ts'
import { writePki } from './pki.ts'
import { run } from './shell.ts'
import { exists } from './exists.ts'

/** What runs in the network and processes of the node: `node.sh exec COMMAND…`; it needs `scriptEnvironment`. */
export const SCRIPT = join(import.meta.dirname, 'node.sh')
const binDir = join(stateDir, 'bin')

export const adminKubeconfig = join(stateDir, 'pki/admin.kubeconfig')
export const auditLog = join(stateDir, 'log/audit.log')

/** What a running cluster was started from. */
const CONFIGURATION = [
  'node.sh',
  'inside.sh',
  'network.sh',
  'pki.ts',
  'coredns.yaml',
  'modules.ts',
  'enforcer/main.ts',
  'enforcer/firewall.ts',
  'enforcer/pods.ts',
  'enforcer/render.ts',
  '../../operator/src/testing/networkPolicies.ts',
]

/** How to speak to a cluster, the local one or the caller's. */
export interface Cluster {
  /** Empty: as kubectl finds it itself. */
  readonly kubeconfig: string
  readonly kubectl: string
  readonly local: boolean
}

/** Brings the local cluster up, or uses the caller's with `CLUSTER=current`. Does nothing when it is up already. */
export async function ensureCluster(): Promise<Cluster> {
  if (process.env['CLUSTER'] === 'current') return { kubeconfig: '', kubectl: 'kubectl', local: false }
  const kubectl = join(await moduleBinaries('kubernetes'), 'kubectl')
  if (process.getuid?.() !== 0)
    throw new Error('real pods need root: run as root, or use a cluster of yours with CLUSTER=current')
  await withLock(join(stateDir, '..', 'cluster.lock'), async () => {
    const stamp = await configurationStamp()
    const present = await readFile(join(stateDir, 'stamp'), 'utf8').catch(() => '')
    if (present === stamp && (await isUp())) return
    await ensurePackages()
    await start(stamp)
  })
  return { kubeconfig: adminKubeconfig, kubectl, local: true }
}

async function start(stamp: string): Promise<void> {
  const startedAt = Date.now()
  await script('down')
  await mkdir(stateDir, { recursive: true })
  await linkBinaries()
  const images = await fixedImages()
  await mkdir(join(cacheDir, 'images'), { recursive: true })
  await cp(images.archive, join(cacheDir, 'images/all.tar'))
  await rm(join(stateDir, 'loaded'), { recursive: true, force: true })
  await rm(join(stateDir, 'log'), { recursive: true, force: true })
  await writePki(join(stateDir, 'pki'))
  console.error('starting the cluster')
  await script('up')
  const cluster = { kubeconfig: adminKubeconfig, kubectl: join(binDir, 'kubectl'), local: true }
  await kubectl(cluster, ['apply', '-f', join(import.meta.dirname, 'coredns.yaml')])
  await kubectl(cluster, ['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=120s'])
  await writeFile(join(stateDir, 'stamp'), stamp)
  console.error(`the cluster is up after ${Math.round((Date.now() - startedAt) / 1000)} s`)
}

/** For those who are not root: the control plane alone, which is all that the integration tests need. */
export async function ensureControlPlane(): Promise<Cluster> {
  await linkBinaries()
  const cluster = { kubeconfig: adminKubeconfig, kubectl: join(binDir, 'kubectl'), local: false }
  if (await isUp()) return cluster
  console.error('not root, so no pods can run here: starting the control plane alone')
  const program = join(import.meta.dirname, 'controlPlaneOnly.ts')
  spawn(process.execPath, [program], { detached: true, stdio: 'ignore' }).unref()
  for (let tries = 0; !(await isUp()); tries += 1) {
    if (tries > 120) throw new Error('the control plane did not start in a minute')
    await sleep(500)
  }
  return cluster
}

async function stopControlPlane(): Promise<void> {
  const file = join(stateDir, 'control-plane.pid')
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  if (!(pid > 0) || !alive(pid)) return
  process.kill(pid, 'SIGTERM')
  while (alive(pid)) await sleep(100)
}

export async function stopCluster(): Promise<void> {
  await stopControlPlane()
  if (process.getuid?.() === 0) await script('down')
  await rm(stateDir, { recursive: true, force: true })
}

export async function isUp(): Promise<boolean> {
  return run(join(binDir, 'kubectl'), [
    '--kubeconfig',
    adminKubeconfig,
    '--request-timeout=3s',
    'get',
    '--raw',
    '/readyz',
  ]).then(
    () => true,
    () => false,
  )
}

export function kubectl(
  { kubeconfig, kubectl: program }: Cluster,
  args: readonly string[],
  input?: string,
): Promise<string> {
  return run(program, ['--kubeconfig', kubeconfig, ...args], input === undefined ? {} : { input })
}

/** Hands a bundle of images to containerd, once. */
export async function load({ local }: Cluster, { archive, stamp }: Bundle): Promise<void> {
  if (!local) throw new Error('images can only be loaded into the local cluster')
  const mark = join(stateDir, 'loaded', stamp)
  await withLock(`${mark}.lock`, async () => {
    if (await exists(mark)) return
    await script('exec', 'ctr', '-a', '/run/containerd.sock', '-n', 'k8s.io', 'image', 'import', archive)
    await writeFile(mark, '')
  })
}

export function script(...args: readonly string[]): Promise<string> {
  return run(SCRIPT, args, { env: scriptEnvironment() })
}

export const scriptEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  STATE: stateDir,
  CACHE: cacheDir,
  BIN: binDir,
  NODE: process.execPath,
})

/** One folder with every binary, whichever module it comes from. */
async function linkBinaries(): Promise<void> {
  await rm(binDir, { recursive: true, force: true })
  await mkdir(binDir, { recursive: true })
  for (const module of MODULE_NAMES) {
    const directory = await moduleBinaries(module)
    for (const name of Object.keys(MODULES[module].binaries))
      await symlink(join(directory, name), join(binDir, name))
  }
}

/** A cluster that was started from other scripts is not ours to use. */
async function configurationStamp(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of CONFIGURATION) hash.update(await readFile(join(import.meta.dirname, file)))
  return hash.digest('hex')
}
