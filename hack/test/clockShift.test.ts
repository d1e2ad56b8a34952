import { once } from 'node:events'
import { spawn, execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { environmentAt, INSTANTS } from './instants.ts'
import { clockShiftSeconds, shiftClock } from './clockShift.ts'

const MINUTE_MS = 60_000

it('a process that is started for an instant lives then, and there', () => {
  const instant = INSTANTS[0]
  if (instant === undefined) throw new Error('there is no instant')
  const now = new Date(Date.now() - clockShiftSeconds * 1000)
  const env = { PATH: process.env['PATH'], ...environmentAt(instant, now) }
  const told = JSON.parse(
    execFileSync(
      process.execPath,
      ['-p', 'JSON.stringify({ at: Date.now(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone })'],
      { env, encoding: 'utf8' },
    ),
  ) as { at: number; zone: string }
  expect(told.zone).toBe(instant.zone)
  expect(told.at - Date.parse(instant.at)).toBeGreaterThan(-MINUTE_MS)
  expect(told.at - Date.parse(instant.at)).toBeLessThan(10 * MINUTE_MS)
})

it('a program that is running already is reached, and what it measures is not', async () => {
  const program = `
    const [wallMs, steadyMs] = [Date.now(), performance.now()]
    process.stdin.once('data', () => console.log(JSON.stringify([Date.now() - wallMs, performance.now() - steadyMs])))
    console.log('running')`
  const child = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, CLOCK_SHIFT_SECONDS: '0' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8')
  try {
    await once(child.stdout, 'data')
    // The second time is none.
    for (let time = 0; time < 2; time += 1) shiftClock(child.pid ?? 0, 86_400)
    child.stdin.end('now\n')
    const [text] = (await once(child.stdout, 'data')) as [string]
    const [wallMs, steadyMs] = JSON.parse(text) as [number, number]
    expect(Math.round((wallMs - steadyMs) / MINUTE_MS)).toBe(24 * 60)
  } finally {
    child.kill()
  }
})
