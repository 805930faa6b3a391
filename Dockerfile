# The image of the service. Build it in this folder:
#   docker build --build-arg VERSION=0.2.0 --build-arg REVISION="$(git rev-parse HEAD)" \
#     --tag wolkvox-campaign-subgraph:0.2.0 .
# The version of Node 24 that the tests run.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# The compiler and its types.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

# Only what the service needs at run time.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="wolkvox-campaign-subgraph" \
      org.opencontainers.image.description="A GraphQL federation subgraph for Wolkvox campaign records" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=4001
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY schema ./schema
COPY operations ./operations
# The labels of the simulator's campaigns.
COPY examples/campaigns.json ./examples/
# For `node scripts/forget.mjs`, which erases a person.
COPY scripts/forget.mjs scripts/command-line.mjs ./scripts/
# The user `node` of the image, by number, so that Kubernetes can see that it is not root. It owns no file in /app.
USER 1000:1000
EXPOSE 4001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
