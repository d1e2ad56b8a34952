/** Runs a scenario with k6, which is built from its Go module when it is first asked for. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtModule } from '../cluster/binaries.ts'

export type ScenarioName = 'sustained' | 'burst' | 'webhooks'

interface Metric {
  readonly values: Readonly<Record<string, number>>
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>
}

/** What k6 hands to `handleSummary`, as far as it is read here. */
export interface Summary {
  readonly metrics: Readonly<Record<string, Metric>>
}

const MODULE = { folder: 'k6', binaries: { k6: 'go.k6.io/k6' } }
const THRESHOLDS_MISSED = 99

export async function k6Binary(): Promise<string> {
  return join(await builtModule('k6', MODULE), 'k6')
}

/** @throws Error when k6 could not run the scenario; a missed threshold is in the summary instead. */
export async function runScenario(
  name: ScenarioName,
  variables: Readonly<Record<string, string>>,
): Promise<Summary> {
  const program = await k6Binary()
  const folder = await mkdtemp(join(tmpdir(), 'batchsender-k6-'))
  const SUMMARY = join(folder, 'summary.json')
  try {
    const script = join(import.meta.dirname, 'scenarios', `${name}.ts`)
    const child = spawn(program, ['run', '--quiet', '--no-usage-report', script], {
      env: { PATH: process.env['PATH'], HOME: folder, ...variables, SUMMARY },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const [code] = (await once(child, 'exit')) as [number | null]
    if (code !== 0 && code !== THRESHOLDS_MISSED) throw new Error(`k6 ended with ${code}`)
    return JSON.parse(await readFile(SUMMARY, 'utf8')) as Summary
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
