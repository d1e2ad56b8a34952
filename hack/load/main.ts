/** `make load SCENARIO=burst SECONDS=600`: k6 against the demo of `make run`, or webhooks against a worker of its own. */
import { randomUUID } from 'node:crypto'
import type { ScenarioName } from './k6.ts'
import type { Resources } from './resources.ts'
import type { Target } from './target.ts'
import { demoTarget } from './demoTarget.ts'
import { k6Binary, runScenario } from './k6.ts'
import { report } from './report.ts'
import { webhookTarget } from './webhookTarget.ts'

const recipients = Number(process.env['RECIPIENTS'] ?? 10)
const seconds = Number(process.env['FOR_SECONDS'] ?? 30)
const TARGETS: Readonly<Record<ScenarioName, () => Promise<Target>>> = {
  sustained: () => demoTarget(recipients),
  burst: () => demoTarget(recipients),
  webhooks: webhookTarget,
}
const isScenario = (name: string): name is ScenarioName => Object.hasOwn(TARGETS, name)

const scenario = process.env['SCENARIO'] ?? 'burst'
if (!isScenario(scenario))
  throw new Error(`SCENARIO is one of ${Object.keys(TARGETS).join(', ')}, not ${scenario}`)

await k6Binary()
const target = await TARGETS[scenario]()
try {
  const before = await target.resources()
  const RUN = `l${randomUUID().slice(0, 8)}`
  const summary = await runScenario(scenario, { ...target.variables, RUN, FOR_SECONDS: String(seconds) })
  const outcome = await target.outcome(summary.metrics['checks']?.values['passes'] ?? 0)
  const after = await target.resources()
  const workers = [...after].map(([name, resources]) => ({
    name,
    before: before.get(name) ?? ({ cpuSeconds: 0, memoryBytes: 0, pool: {} } satisfies Resources),
    after: resources,
  }))
  const { lines, missed } = report({ scenario, seconds, summary, workers, outcome })
  console.log(lines.join('\n'))
  process.exitCode = missed.length > 0 ? 1 : 0
} finally {
  await target.close()
}
