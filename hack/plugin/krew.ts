/** The manifest by which krew finds the plugin. Pure. */
import type { Release } from '../../crds/release.ts'
import { documents } from '../generate/documents.ts'

export interface Archived {
  /** `linux/amd64`. */
  readonly platform: string
  readonly sha256: string
}

/** Of a manifest that is no part of a release: krew refuses it. */
export const UNRELEASED: readonly Archived[] = [{ platform: 'linux/amd64', sha256: 'SHA256_LINUX_AMD64' }]

/** @param archives as `buildPlugin` made them */
export function krewManifest({ version, docsUrl }: Release, archives: readonly Archived[]): string {
  const site = new URL(docsUrl).origin
  return documents({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'batchsender' },
    spec: {
      version: `v${version}`,
      homepage: docsUrl,
      shortDescription: 'Tells and foretells what a BatchSender does',
      description:
        'Conditions and checks of a BatchSender with what to do next, reports for auditors, what an edit would write and roll before it is applied, backups, verifications and certificates on demand, logs of all pods, and redacted support bundles.',
      platforms: archives.map(({ platform, sha256 }) => {
        const [os = '', arch = ''] = platform.split('/')
        return {
          selector: { matchLabels: { os, arch } },
          uri: `${site}/releases/v${version}/kubectl-batchsender-${os}-${arch}.tar.gz`,
          sha256,
          files: [
            { from: 'kubectl-batchsender', to: '.' },
            { from: 'LICENSE', to: '.' },
          ],
          bin: 'kubectl-batchsender',
        }
      }),
    },
  })
}
