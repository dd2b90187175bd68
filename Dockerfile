# Octavo in one image: the server and its pages, nothing that only builds or tests them.

FROM node:24-bookworm-slim AS manifests
WORKDIR /app
# Only what decides about dependencies, so that a changed source does not install them again.
COPY package.json package-lock.json .npmrc ./
COPY packages/schema/package.json packages/schema/
COPY packages/client/package.json packages/client/
COPY packages/react/package.json packages/react/
COPY packages/test-kit/package.json packages/test-kit/
COPY apps/sync-server/package.json apps/sync-server/
COPY apps/editor/package.json apps/editor/
COPY bench/package.json bench/

FROM manifests AS build
ENV NEXT_TELEMETRY_DISABLED=1 TURBO_TELEMETRY_DISABLED=1
RUN npm ci --no-audit --no-fund
COPY . .
RUN npx turbo run build --filter=@octavo/sync-server --filter=@octavo/editor

FROM manifests AS dependencies
# What the server needs to run. Better Auth may work inside Next and npm therefore brings it; the pages bring their own.
RUN npm ci --workspace=@octavo/sync-server --omit=dev --omit=optional --no-audit --no-fund \
  && rm -rf node_modules/next node_modules/@next node_modules/@swc node_modules/styled-jsx \
    node_modules/caniuse-lite node_modules/baseline-browser-mapping node_modules/@types

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
COPY --from=dependencies /app/package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=dependencies /app/apps/sync-server apps/sync-server
COPY --from=dependencies /app/packages/schema packages/schema
COPY --from=build /app/packages/schema/dist packages/schema/dist
COPY --from=build /app/apps/sync-server/dist apps/sync-server/dist
COPY --from=build /app/apps/editor/.next/standalone apps/editor/.next/standalone
# A new volume takes its owner from here. The user node of the base image is 1000:1000.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "apps/sync-server/dist/main.js"]
