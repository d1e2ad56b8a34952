/**
 * kube-network-policies of SIG Network, the reference enforcer, as a second judge beside enforcer/. `node policyPeer.ts`
 * builds it, which takes minutes; tests use it where it was built.
 */
import { join } from 'node:path'
import { builtModule, cachedModule } from './binaries.ts'

const NAME = 'policyPeer'
const BINARY = 'kube-network-policies'
const MODULE = {
  folder: NAME,
  binaries: { [BINARY]: 'sigs.k8s.io/kube-network-policies/cmd/kube-network-policies/standard' },
}

/** @returns its path, where it was built. */
export async function policyPeer(): Promise<string | undefined> {
  const folder = await cachedModule(NAME, MODULE)
  return folder && join(folder, BINARY)
}

if (import.meta.main) console.log(join(await builtModule(NAME, MODULE), BINARY))
