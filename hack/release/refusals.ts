/** Why there is no release of that name, in words that say what to do. Pure. */
import type { Release } from '../../crds/release.ts'

export interface Asked {
  readonly version?: string
  readonly changelog: string
  /** Files that are in no commit. */
  readonly uncommitted: readonly string[]
  readonly trial: boolean
}

export function refusal({ version: ours }: Release, asked: Asked): string | undefined {
  const { version = '', changelog, uncommitted, trial } = asked
  if (version === '')
    return `make release VERSION=${ours}: say which, so that nobody makes another than he thinks`
  if (version !== ours)
    return `VERSION=${version} is not the release in crds/release.ts, which is ${ours}: write ${version} there, run \`make generate\`, give CHANGELOG.md the heading "## ${version} - YYYY-MM-DD" below "## Unreleased", and commit`
  if (!new RegExp(`^## ${version.replaceAll('.', '\\.')} - \\d{4}-\\d\\d-\\d\\d$`, 'm').test(changelog))
    return `CHANGELOG.md has no heading "## ${version} - YYYY-MM-DD": put it below "## Unreleased", over what this release brings`
  if (uncommitted.length > 0 && !trial)
    return `there are changes in no commit, which provenance could not name: ${uncommitted.slice(0, 5).join(', ')}${uncommitted.length > 5 ? ' …' : ''}. Commit them, or make a trial with TRIAL=1`
  return undefined
}
