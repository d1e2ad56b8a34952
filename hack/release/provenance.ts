/**
 * Where the files of a release come from: an in-toto statement with SLSA provenance. Nobody has signed it here, which its
 * file name says: whoever publishes signs it with an identity of his own. Pure.
 */

export interface Sources {
  readonly version: string
  readonly docsUrl: string
  /** Absent: from sources that are in no commit. */
  readonly commit?: string
  readonly lockSha256: string
  readonly seconds: number
}

/** @param files name → sha256 */
export function provenance(files: Readonly<Record<string, string>>, sources: Sources): string {
  const { version, docsUrl, commit, lockSha256, seconds } = sources
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: Object.entries(files).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `${docsUrl}/releases#make-release`,
        externalParameters: { command: `make release VERSION=${version}` },
        internalParameters: { sourceDateEpoch: seconds },
        resolvedDependencies: [
          ...(commit === undefined ? [] : [{ name: 'source', digest: { gitCommit: commit } }]),
          { name: 'package-lock.json', digest: { sha256: lockSha256 } },
        ],
      },
      runDetails: { builder: { id: `${docsUrl}/releases#whoever-ran-it` } },
    },
  }
  return `${JSON.stringify(statement, undefined, 2)}\n`
}
