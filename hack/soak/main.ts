/** `make soak MINUTES=10 SEED=1`: random edits and faults at our runtime. Without a seed, a new one, which is printed. */
import { ALL_FAULTS } from './faults.ts'
import { soak } from './soak.ts'

const given = (name: string, standard: number): number => {
  const text = process.env[name] ?? ''
  const value = text === '' ? standard : Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} must be a number above 0`)
  return value
}
const seed = given('SEED', 1 + Math.floor(Math.random() * 1_000_000))
const minutes = given('MINUTES', 10)
const beganAt = performance.now()
const say = (line: string) => {
  console.error(`${((performance.now() - beganAt) / 1_000).toFixed(0)} s: ${line}`)
}

console.error(`SEED=${seed} MINUTES=${minutes}`)
const { edits, faults, leaks } = await soak({
  seed,
  seconds: minutes * 60,
  objects: 100,
  faults: ALL_FAULTS,
  patienceMs: 400_000,
  say,
})
for (const leak of leaks) console.error(`leaked: ${leak}`)
console.error(
  `${edits} edits, ${faults.length} faults; all is as desired; ${leaks.length} leaks; SEED=${seed}`,
)
process.exitCode = leaks.length === 0 ? 0 : 1
