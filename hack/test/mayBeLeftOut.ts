/**
 * Files of tests that need what is not everywhere: programs that take minutes to build (`make peers`), or the history of
 * Git. Where that is missing they leave tests out and say so in a line; elsewhere a test that is left out is red.
 */
export const MAY_BE_LEFT_OUT: ReadonlySet<string> = new Set([
  'operator/test/chart.test.ts',
  'operator/test/gitopsArgo.test.ts',
  'operator/test/gitopsFlux.test.ts',
  'operator/test/gitopsHelm.test.ts',
  'operator/test/prometheusOperator.test.ts',
  'operator/test/release.test.ts',
  'operator/test/sealedSecrets.test.ts',
  'operator/test/upgrade.test.ts',
  'operator/test/ways.test.ts',
  'worker/test/upgrade.test.ts',
])
