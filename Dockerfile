# The operator and the worker, each its own target: docker build --target operator .
# In a registry, pin the base by digest: --build-arg BASE=node:24-trixie-slim@sha256:…
ARG BASE=node:24-trixie-slim

FROM ${BASE} AS manifests
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY crds/package.json crds/
COPY operator/package.json operator/
COPY worker/package.json worker/
COPY hack/package.json hack/

FROM manifests AS build
RUN npm ci --ignore-scripts --omit=optional --include-workspace-root --workspace crds --workspace operator --workspace worker
COPY tsconfig.json tsconfig.build.json ./
COPY crds crds
COPY operator/src operator/src
COPY worker/src worker/src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json
# SQL is not for the compiler.
RUN find worker/src -name '*.sql' -exec sh -c 'mkdir -p "dist/$(dirname "$1")" && cp "$1" "dist/$1"' _ {} ';'

FROM manifests AS operator-modules
RUN npm ci --ignore-scripts --omit=dev --omit=optional --workspace crds --workspace operator

FROM manifests AS worker-modules
RUN npm ci --ignore-scripts --omit=dev --omit=optional --workspace crds --workspace worker

FROM ${BASE} AS operator
LABEL org.opencontainers.image.title="batchsender-operator" \
      org.opencontainers.image.description="Runs BatchSender on Kubernetes and proves that it is ready for production" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
ENV NODE_NO_WARNINGS=1
WORKDIR /app
COPY --from=operator-modules /src ./
COPY --from=build /src/dist/crds crds/
COPY --from=build /src/dist/operator operator/
USER 65532:65532
# Less memory for a little more collecting: young objects and old ones get less room, and what is not JavaScript comes
# from one arena instead of one for each thread (hack/bench/operator/README.md, "Memory").
ENV MALLOC_ARENA_MAX=1
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=30", "operator/src/main.js"]

FROM ${BASE} AS worker
LABEL org.opencontainers.image.title="batchsender-worker" \
      org.opencontainers.image.description="Sends large batches of e-mail" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
ENV NODE_NO_WARNINGS=1
WORKDIR /app
COPY --from=worker-modules /src ./
COPY --from=build /src/dist/crds crds/
COPY --from=build /src/dist/worker worker/
USER 65532:65532
CMD ["node", "worker/src/main.js", "serve"]
