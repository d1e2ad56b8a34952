/**
 * The controller of Sealed Secrets (Apache-2.0), which makes a Secret of what was sealed for it. `node sealedSecrets.ts`
 * builds it, which takes minutes; tests use it where it was built.
 */
import { join } from 'node:path'
import { builtModule, cachedModule } from '../cluster/binaries.ts'

const NAME = 'sealedSecrets'
const MODULE = {
  folder: NAME,
  binaries: { controller: 'github.com/bitnami/sealed-secrets/cmd/controller' },
  toolchain: 'go1.27.3',
}

/** @returns its path, where it was built. */
export async function sealedSecrets(): Promise<string | undefined> {
  const folder = await cachedModule(NAME, MODULE)
  return folder && join(folder, 'controller')
}

if (import.meta.main) console.log(join(await builtModule(NAME, MODULE), 'controller'))
