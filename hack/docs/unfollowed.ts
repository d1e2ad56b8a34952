/** What no test follows, and why. Short, and to be kept so. */

/** Blocks of commands, by their file and first line. */
export const BLOCKS_NOT_RUN: Readonly<Record<string, string>> = {
  'README.md: make run':
    'what they begin is run: hack/e2e/demo.test.ts is the first, all suites are the second',
  'docs/operator.md: docker build':
    'needs Docker and a registry; the same targets are built for every e2e test',
  'docs/benchmarks.md: make bench-operator': 'a benchmark: hours, and nobody in trouble needs it',
}

/** Commands within a sentence that tell of something and ask for nothing. */
export const ONLY_MENTIONED: Readonly<Record<string, string>> = {
  'kubectl apply --server-side -k': 'docs/operator.md: the block `install` of README.md is this command',
  'kubectl delete -k': 'docs/operator.md: a warning of what it takes with it',
  'kubectl delete batchsender orders --cascade=orphan': 'docs/ownership.md: what may have been done before',
  'kubectl scale bs/orders': 'README.md: says that it works, as autoscalers do',
}
