/**
 * kube-network-policies of SIG Network, the reference enforcer, as a second judge beside enforcer/. `node kubeNetworkPolicies.ts`
 * builds it, which takes minutes; tests use it where it was built.
 */
import { join } from 'node:path'
import { builtModule, cachedModule } from '../cluster/binaries.ts'

const NAME = 'kubeNetworkPolicies'
const BINARY = 'kube-network-policies'
const MODULE = {
  folder: NAME,
  binaries: { [BINARY]: 'sigs.k8s.io/kube-network-policies/cmd/kube-network-policies/standard' },
}

/** @returns its path, where it was built. */
export async function kubeNetworkPolicies(): Promise<string | undefined> {
  const folder = await cachedModule(NAME, MODULE)
  return folder && join(folder, BINARY)
}

if (import.meta.main) console.log(join(await builtModule(NAME, MODULE), BINARY))
