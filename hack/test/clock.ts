/**
 * `node hack/test/clock.ts [FILE…]`: the unit suite, and what of the integration suite has to do with days and zones
 * (or the files that are named), at every instant of the list, by shifted clocks.
 */
import { spawn } from 'node:child_process'
import { environmentAt, INSTANTS } from './instants.ts'

/**
 * Nothing decides about days in the others, but for the archive and backups, where the ClickHouse engine waits until a
 * moment of its clock, which the kernel measures by its own. Ahead of it they take months, behind it no time at all.
 */
const WITH_DAYS = ['worker/test/audit.test.ts', 'worker/test/limits.test.ts', 'worker/test/webhooks.test.ts']

const named = process.argv.slice(2)
const runs = [
  ...(named.length === 0 ? [['--project', 'unit']] : []),
  ['--project', 'integration', '--maxWorkers=2', ...(named.length === 0 ? WITH_DAYS : named)],
]
const red: string[] = []

for (const instant of INSTANTS)
  for (const args of runs) {
    console.log(`\n== ${args[1] ?? ''} at ${instant.at} in ${instant.zone}: ${instant.name}`)
    if (!(await passes(args, environmentAt(instant, new Date()))))
      red.push(`${args[1] ?? ''} at ${instant.at} in ${instant.zone}`)
  }

console.log(red.length === 0 ? '\nno clock matters' : `\nred: ${red.join('; ')}`)
process.exitCode = red.length === 0 ? 0 : 1

function passes(args: readonly string[], environment: Record<string, string>): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('vitest', ['run', ...args, '--reporter=default'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...environment },
    })
    child.once('error', () => {
      resolve(false)
    })
    child.once('close', (code) => {
      resolve(code === 0)
    })
  })
}
