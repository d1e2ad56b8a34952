# The two commands: `make run` and `make test`. `make` alone prints what else there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

INSTALLED := node_modules/.package-lock.json

.PHONY: help
help: ## print this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): package.json package-lock.json crds/package.json operator/package.json worker/package.json hack/package.json
	npm ci --no-audit --no-fund
	@touch $@

.PHONY: install
install: $(INSTALLED) ## install what the project needs from npm

##@ Run
.PHONY: run
run: $(INSTALLED) ## cluster, operator, a BatchSender, and 1,000 mails through it
	node hack/demo/main.ts up

.PHONY: stop
stop: $(INSTALLED) ## end what `make run` started, the cluster included
	node hack/demo/main.ts down

.PHONY: monitoring
monitoring: $(INSTALLED) ## Prometheus and Alertmanager beside `make run`, with its alerts told in the terminal
	node hack/monitoring/main.ts

##@ Test
.PHONY: test
test: $(INSTALLED) ## every suite
	node hack/test/main.ts unit unit-then integration e2e

.PHONY: unit
unit: $(INSTALLED) ## values only, seconds
	vitest run --project unit

.PHONY: integration
integration: $(INSTALLED) ## real servers as processes
	vitest run --project 'integration*'

.PHONY: e2e
e2e: $(INSTALLED) ## real pods in the local cluster, which stays up
	vitest run --project 'e2e*'

.PHONY: breaks
breaks: $(INSTALLED) ## break by hand whatever a check vouches for, in the local cluster: make breaks BREAKS=nats,worker
	BREAKS='$(BREAKS)' vitest run --project breaks --reporter=verbose

.PHONY: on-call
on-call: $(INSTALLED) ## bring about what wakes people, in the local cluster, until somebody is called and called off: make on-call ALERTS='ProviderAway|ApiSlow'
	ALERTS='$(ALERTS)' vitest run --project on-call --reporter=verbose

.PHONY: histories
histories: $(INSTALLED) ## random histories of workers: make histories HISTORIES=200 SEED=1 SECONDS=3600
	HISTORIES=$(or $(HISTORIES),20) SEED=$(or $(SEED),1) SECONDS=$(or $(SECONDS),36000) \
	  vitest run --project integration --reporter=verbose worker/test/histories.test.ts

.PHONY: test-clock
test-clock: $(INSTALLED) ## what knows of days and zones, on nasty days: make test-clock FILES=worker/test/audit.test.ts
	node hack/test/clock.ts $(FILES)

.PHONY: check
check: lint unit ## format, lint, types, generated files, unit tests

.PHONY: lint
lint: $(INSTALLED) ## format, lint, types, generated files
	prettier --check . --log-level warn
	eslint . --max-warnings 0 --cache --cache-location node_modules/.cache/eslint/
	tsc --noEmit -p .
	node hack/generate/main.ts --check

.PHONY: peers
peers: $(INSTALLED) ## judged by their peers, built first: policies by kube-network-policies, monitors and rules by prometheus-operator, the chart by Helm, waiting by Flux, Argo CD and Helm
	node hack/peers/kubeNetworkPolicies.ts
	vitest run --project e2e hack/e2e/network.test.ts
	node hack/peers/prometheusOperator.ts
	vitest run --project integration operator/test/prometheusOperator.test.ts
	node hack/peers/helm.ts
	vitest run --project integration operator/test/{chart,release,ways}.test.ts
	vitest run --project release
	node hack/peers/flux.ts
	node hack/peers/argocd.ts
	node hack/peers/sealedSecrets.ts
	vitest run --project integration operator/test/gitops operator/test/sealedSecrets.test.ts

##@ Measure
.PHONY: bench-operator
bench-operator: $(INSTALLED) ## our runtime beside other frameworks: make bench-operator N=100 ROUNDS=3 ONLY=ours,kopf SCENARIOS=heal FULL=1 PROFILE=1
	N=$(or $(N),100) ROUNDS=$(or $(ROUNDS),3) ONLY=$(ONLY) SCENARIOS=$(SCENARIOS) FAULTS=$(FAULTS) FULL=$(FULL) DOCS=$(DOCS) \
	  PROFILE=$(PROFILE) node hack/bench/operator/main.ts

.PHONY: soak
soak: $(INSTALLED) ## random edits and faults at our runtime: make soak MINUTES=10 SEED=1
	MINUTES=$(or $(MINUTES),10) SEED=$(SEED) node hack/soak/main.ts

.PHONY: bench-worker
bench-worker: $(INSTALLED) ## our worker beside other queues: make bench-worker COUNT=20000 ROUNDS=3 ONLY=ours,BullMQ SCENARIOS=drain,drain20,crash,accept,flood,scale,fairness,history,campaign BEFORE=../checkout
	COUNT=$(COUNT) CRASH_COUNT=$(CRASH_COUNT) ROUNDS=$(ROUNDS) ONLY='$(ONLY)' SCENARIOS=$(SCENARIOS) DOCS=$(DOCS) node hack/bench/worker/main.ts

.PHONY: load
load: $(INSTALLED) ## requests at a steady pace at `make run`, or webhooks at a worker: make load SCENARIO=sustained|burst|webhooks SECONDS=600
	SCENARIO=$(or $(SCENARIO),burst) FOR_SECONDS=$(or $(SECONDS),30) RECIPIENTS=$(or $(RECIPIENTS),10) node hack/load/main.ts

.PHONY: load-webhooks
load-webhooks: $(INSTALLED) ## 1,000 webhooks a second at one worker: make load-webhooks FOR_SECONDS=60 RATE=1000 KILL=1
	FOR_SECONDS=$(or $(FOR_SECONDS),60) RATE=$(or $(RATE),1000) KILL=$(KILL) node hack/load/webhookMain.ts

##@ Write
.PHONY: format
format: $(INSTALLED) ## put every file into its form
	prettier --write . --log-level warn
	eslint . --fix

.PHONY: generate
generate: $(INSTALLED) ## CRD, rights, the operator's manifests and API reference from the code
	node hack/generate/main.ts

##@ Documents
.PHONY: docs
docs: $(INSTALLED) ## the documents as a static site, beside those of other releases: make docs DOCS_BASE=/docs/
	DOCS_BASE='$(DOCS_BASE)' node hack/site/main.ts

.PHONY: docs-serve
docs-serve: $(INSTALLED) ## look at that site in a browser
	node hack/site/main.ts serve

.PHONY: docs-browse
docs-browse: docs ## have a real browser open every page, follow every link and search
	vitest run --project site --reporter=verbose

##@ Release
.PHONY: release
release: $(INSTALLED) ## everything that a release consists of, in dist: make release VERSION=x.y.z [TRIAL=1]
	VERSION='$(VERSION)' TRIAL='$(TRIAL)' node hack/release/main.ts

.PHONY: plugin
plugin: $(INSTALLED) ## kubectl batchsender as one executable, into dist/plugin
	node hack/plugin/main.ts

##@ Cluster
.PHONY: cluster
cluster: $(INSTALLED) ## bring the local cluster up
	node hack/cluster/main.ts up

.PHONY: cluster-status
cluster-status: $(INSTALLED) ## tell whether it is up
	node hack/cluster/main.ts status

.PHONY: cluster-down
cluster-down: $(INSTALLED) ## take it down and leave nothing behind
	node hack/cluster/main.ts down
