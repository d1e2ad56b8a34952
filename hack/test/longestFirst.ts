/** The order of the files: what takes longest begins first, so that no lane is left alone with it at the end. */
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'

/** As `make test` prints them under "The slowest files"; all others follow in vitest's own order. */
const LONGEST = [
  'operator/src/reconcile/reconcile.property.test.ts',
  'operator/src/reconcile/history.property.test.ts',
  'operator/test/dataLoss.test.ts',
  'operator/test/credentialsOfWorkers.test.ts',
  'operator/test/benchmark.test.ts',
  'worker/test/providers.test.ts',
  'operator/test/credentials.test.ts',
  'operator/test/natsIdentity.test.ts',
  'operator/test/operator.test.ts',
  'operator/test/archive.test.ts',
  'hack/e2e/data.test.ts',
  'hack/e2e/healing.test.ts',
  'hack/e2e/network.test.ts',
  'hack/e2e/procedures.test.ts',
]

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((file) => moduleId.endsWith(file))
      return index === -1 ? LONGEST.length : index
    }
    return sorted.toSorted((one, other) => rank(one) - rank(other))
  }
}
