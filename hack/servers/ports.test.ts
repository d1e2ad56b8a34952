import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freePort } from './ports.ts'

const PORTS = 300
const PROGRAM = `import { freePort } from '${join(import.meta.dirname, 'ports.ts')}'
const ports = []
for (let left = ${PORTS}; left > 0; left -= 1) ports.push(await freePort())
console.log(JSON.stringify(ports))
// Held until told: what one process gives back another may have.
process.stdin.resume()
process.stdin.once('end', () => process.exit())`

/** Starts a process that takes ports and holds them. */
async function taker() {
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM])
  const line = await new Promise<string>((resolve) => child.child.stdout?.once('data', resolve))
  return {
    ports: JSON.parse(line) as number[],
    end: async () => {
      child.child.stdin?.end()
      await child
    },
  }
}

test('no port is handed out twice, whichever process asks', async () => {
  const takers = await Promise.all([taker(), taker(), taker()])
  const ports = takers.flatMap((one) => one.ports)
  ports.push(await freePort())
  await Promise.all(takers.map((one) => one.end()))
  expect(new Set(ports).size).toBe(3 * PORTS + 1)
})
