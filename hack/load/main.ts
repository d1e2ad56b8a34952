/** `make load SCENARIO=burst SECONDS=600`: vegeta against the demo of `make run`, or webhooks against a worker of its own. */
import { randomUUID } from 'node:crypto'
import type { Resources } from './resources.ts'
import type { ScenarioName } from './scenarios/scenario.ts'
import type { Target } from './target.ts'
import { demoTarget } from './demoTarget.ts'
import { figuresOf, taken } from './figures.ts'
import { report } from './report.ts'
import { isScenario, SCENARIOS, wantedIn } from './scenarios/scenario.ts'
import { attack, vegetaBinary } from './vegeta.ts'
import { webhookTarget } from './webhookTarget.ts'
import { targetLines } from './wire.ts'

const recipients = Number(process.env['RECIPIENTS'] ?? 10)
const seconds = Number(process.env['FOR_SECONDS'] ?? 30)
const TARGETS: Readonly<Record<ScenarioName, () => Promise<Target>>> = {
  sustained: () => demoTarget(recipients),
  burst: () => demoTarget(recipients),
  webhooks: webhookTarget,
}

const name = process.env['SCENARIO'] ?? 'burst'
if (!isScenario(name)) throw new Error(`SCENARIO is one of ${Object.keys(SCENARIOS).join(', ')}, not ${name}`)
const scenario = SCENARIOS[name]
const wanted = wantedIn(scenario, seconds)

await vegetaBinary()
const target = await TARGETS[name]()
try {
  const before = await target.resources()
  const lines = targetLines(target.origin, target.calls(`l${randomUUID().slice(0, 8)}`), wanted)
  const figures = await attack(scenario, seconds, lines, (results) => figuresOf(results, scenario, wanted))
  const outcome = await target.outcome(taken(figures))
  const after = await target.resources()
  const workers = [...after].map(([worker, resources]) => ({
    name: worker,
    before: before.get(worker) ?? ({ cpuSeconds: 0, memoryBytes: 0, pool: {} } satisfies Resources),
    after: resources,
  }))
  const { lines: printed, missed } = report({ scenario: name, seconds, figures, workers, outcome })
  console.log(printed.join('\n'))
  process.exitCode = missed.length > 0 ? 1 : 0
} finally {
  await target.close()
}
