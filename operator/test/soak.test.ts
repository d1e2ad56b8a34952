/** A minute of `make soak`: the product's runtime under random edits and faults from a fixed seed. */
import { expect, it } from 'vitest'
import { SHORT_FAULTS } from '../../hack/soak/faults.ts'
import { soak } from '../../hack/soak/soak.ts'

it('comes to rest in the desired state, and holds no socket, timer or memory more than before', async () => {
  const { leaks, faults, edits } = await soak({
    seed: 1,
    seconds: 10,
    objects: 10,
    faults: SHORT_FAULTS,
    patienceMs: 60_000,
  })
  expect(leaks).toEqual([])
  expect(new Set(faults)).toEqual(new Set(SHORT_FAULTS.map(({ name }) => name)))
  expect(edits).toBeGreaterThan(50)
}, 300_000)
