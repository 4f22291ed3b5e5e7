# The command line in a container:
#
#   docker build -t subspace .
#   docker run --rm -v /data:/data subspace sweep /data/plan.yaml --out /data/sweep
#
# docs/cluster.md runs it on a batch service.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund \
  && npm run build \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-bookworm-slim
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/packages /app/packages
RUN ln -s /app/packages/subspace-fusion/bin/subspace.js /usr/local/bin/subspace
USER node
WORKDIR /data
ENTRYPOINT ["subspace"]
