/** What no test follows, and why. Short, and to be kept so. */

/** Blocks of commands, by their file and first line. */
export const BLOCKS_NOT_RUN: Readonly<Record<string, string>> = {
  'README.md: make run':
    'what they begin is run: hack/e2e/demo.test.ts is the first, all suites are the second',
  'docs/operator.md: docker build':
    'needs Docker and a registry; the same targets are built for every e2e test',
  'docs/install.md: sha256sum':
    'needs skopeo and a registry; operator/test/release.test.ts checks the sums and reads the archives',
  'docs/install.md: kind create': 'needs kind; hack/e2e/release.test.ts does the same in the local cluster',
  'docs/quickstart.md: make run CLUSTER=current': 'needs kind; the README says what was seen in its place',
  'docs/quickstart.md: export KUBECTL=kubectl':
    'for a cluster of the reader; hack/e2e/runbooks.test.ts has forwards and the token in the same way',
  'docs/benchmarks.md: make bench-operator': 'a benchmark: hours, and nobody in trouble needs it',
}

/** Commands within a sentence that tell of something and ask for nothing. */
export const ONLY_MENTIONED: Readonly<Record<string, string>> = {
  'kubectl apply --server-side -k': 'docs/operator.md: the block `install` of README.md is this command',
  'kubectl delete -k': 'docs/operator.md: a warning of what it takes with it',
  'kubectl delete -f install.yaml': 'docs/removal.md: a warning of what it takes with it',
  'kubectl delete -f crds.yaml': 'docs/removal.md: a warning of what it takes with it',
  'kubectl delete batchsender orders --cascade=orphan': 'docs/ownership.md: what may have been done before',
  'kubectl scale bs/orders': 'README.md: says that it works, as autoscalers do',
}

const FORM = 'not yet: only that sh reads it, and kubectl has such a verb and such a kind'
const REQUEST = 'not yet: only that a worker takes such a request (worker/test/runbooks.test.ts)'
const EDITOR = 'not yet: it waits for a person in an editor'

/**
 * Blocks below `Resolution` of the runbooks, by page and a piece of their text. Those of the pages that
 * hack/e2e/runbooks.test.ts asks for are typed as a whole; every `Diagnosis` is typed there, but for its `NOT_HERE`.
 */
export const RESOLUTIONS_NOT_RUN: Readonly<Record<string, string>> = {
  'api-slow: "cpu":"1"': FORM,
  'api-slow: rateLimitPerToken': FORM,
  'backlog-high: "replicas":4': FORM,
  'backlog-high: /pause': REQUEST,
  'backup-not-verified: verify-by-hand': 'not yet: no backups are made in the cluster of that test',
  'backup-not-verified: backupRequestedAt': 'not yet: no backups are made in the cluster of that test',
  'backup-too-old: backupRequestedAt': 'not yet: no backups are made in the cluster of that test',
  'check-failing: "waive"': FORM,
  'database-slow-queries: pg_cancel_backend': 'not yet: the statement is explained, and nobody is cancelled',
  'database-slow-queries: VACUUM':
    'not by psql: worker/test/runbooks.test.ts carries the statements out itself',
  'database-slow-queries: "replicas":1': FORM,
  'dead-letters: /replay': 'not as it is here: the request is that of docs/http.md#replay-dead-letter',
  'error-budget-burn: "memory":"512Mi"': FORM,
  'error-budget-burn: rollout history': EDITOR,
  'high-error-rate: /pause': REQUEST,
  'high-error-rate: /retry-failed': 'not as it is here: the request is that of docs/http.md#retry-failed',
  'high-error-rate: .spec.worker.provider': FORM,
  'nats-connection-loss: rollout restart': FORM,
  'nats-connection-loss: delete secret': 'not as it is here: the command is one of certificate-expiring',
  'not-ready: requestedAt': FORM,
  'operator-down: rollout restart': FORM,
  'operator-failing: apply --server-side': FORM,
  'outbox-late: patch secret': FORM,
  'provider-away: patch secret': FORM,
  'provider-away: edit bs': EDITOR,
  'results-in-doubt: /resolve-uncertain': REQUEST,
  'worker-crash-loop: "memory":"1Gi"': FORM,
  'worker-crash-loop: the-one-before': FORM,
  'worker-restarts: "memory":"1Gi"': FORM,
}
