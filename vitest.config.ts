import { defineConfig } from 'vitest/config'

/** Three suites by what they need: nothing, real servers as processes, the local cluster with real pods. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{crds,operator/src,worker/src,hack}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'hack/e2e/**'],
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{operator,worker}/test/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 900_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['hack/e2e/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
