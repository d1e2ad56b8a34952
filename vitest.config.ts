import { defineConfig } from 'vitest/config'
import LongestFirst from './hack/test/longestFirst.ts'

const ALONE = 'hack/e2e/namespaced.test.ts'
/** Makes a release first: minutes. `make peers`. */
const OF_RELEASE = 'hack/e2e/release.test.ts'
/** Longer than all others together: `make breaks`. */
const BREAKS = 'hack/e2e/breaks.test.ts'
/** Builds the documents as a site, and has a browser open it: `make docs-browse`. */
const SITE = 'hack/site/browse.test.ts'
/** Waits for alerts to come and to be called off: a quarter of an hour. `make on-call`. */
const ON_CALL = 'hack/e2e/onCall.test.ts'
/** Rates and what a process holds, which a machine that is busy with other tests would change. */
const UNDISTURBED = [
  'operator/test/hostile.test.ts',
  'worker/test/rate.test.ts',
  'operator/test/soak.test.ts',
]

/** What is said of a red test is all that is known of one that is green the next time. */
const SAID = { chaiConfig: { truncateThreshold: 1000 } }

/**
 * Three suites by what they need: nothing, real servers as processes, the local cluster with real pods. What measures
 * the machine comes after the other servers. Tests in the cluster have a namespace each and run four at a time; the
 * one that moves the operator has the cluster for itself. What takes longer than all of these has a project each and is
 * no part of every run: the release, who is on call, the breaks.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // They keep nothing between files, and loading modules anew for each would take longer than the tests.
          isolate: false,
          // As many as a small machine has processors; vitest would leave one of two idle.
          maxWorkers: 2,
          // A test that hangs ends; a machine that is busy does not end one.
          testTimeout: 300_000,
          expect: { poll: { timeout: 30_000 } },
          include: ['{crds,operator/src,operator/plugin,worker/src,hack}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'hack/e2e/**', SITE],
        },
      },
      {
        test: {
          ...SAID,
          name: 'integration',
          include: ['{operator,worker}/test/**/*.test.ts'],
          exclude: UNDISTURBED,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          // Most of the time is spent waiting for servers: four keep two processors busy.
          maxWorkers: 4,
        },
      },
      {
        test: {
          ...SAID,
          name: 'integration-alone',
          include: UNDISTURBED,
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...SAID,
          name: 'e2e',
          include: ['hack/e2e/**/*.test.ts'],
          exclude: [ALONE, OF_RELEASE, BREAKS, ON_CALL],
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
          maxWorkers: 4,
        },
      },
      {
        test: {
          ...SAID,
          name: 'e2e-alone',
          include: [ALONE],
          testTimeout: 300_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...SAID,
          name: 'site',
          include: [SITE],
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          ...SAID,
          name: 'release',
          include: [OF_RELEASE],
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...SAID,
          name: 'on-call',
          include: [ON_CALL],
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          ...SAID,
          name: 'breaks',
          include: [BREAKS],
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
