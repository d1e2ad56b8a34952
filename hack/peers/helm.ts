/** Helm, which packs the chart of a release and is how many install it. Built when it is first asked for. */
import { join } from 'node:path'
import { builtModule, cachedModule } from '../cluster/binaries.ts'

const NAME = 'helm'
const VERSION = 'v4.3.2'
const MODULE = {
  folder: NAME,
  binaries: { helm: 'helm.sh/helm/v4/cmd/helm' },
  ldflags: `-X helm.sh/helm/v4/internal/version.version=${VERSION}`,
}

/** @returns its path, built first when the cache has none. */
export const helm = async (): Promise<string> => join(await builtModule(NAME, MODULE), 'helm')

/** @returns its path, where it was built. */
export async function cachedHelm(): Promise<string | undefined> {
  const folder = await cachedModule(NAME, MODULE)
  return folder && join(folder, 'helm')
}

if (import.meta.main) console.log(await helm())
