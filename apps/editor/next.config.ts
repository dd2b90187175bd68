import path from "node:path";
import type { NextConfig } from "next";

const root = path.join(import.meta.dirname, "../..");

/** The workspaces' sources, so that a change in a package shows without building it first. */
const sources = {
  "@octavo/schema": "packages/schema/src/index.ts",
  "@octavo/schema/document": "packages/schema/src/document/index.ts",
  "@octavo/schema/http": "packages/schema/src/http/index.ts",
  "@octavo/schema/protocol": "packages/schema/src/protocol/index.ts",
  "@octavo/client": "packages/client/src/index.ts",
  "@octavo/client/binding": "packages/client/src/binding/index.ts",
  "@octavo/react": "packages/react/src/index.ts",
};

const config: NextConfig = {
  output: "standalone",
  outputFileTracingRoot: root,
  turbopack: {
    root,
    resolveAlias: Object.fromEntries(
      Object.entries(sources).map(([name, file]) => [
        name,
        `./${path.relative(import.meta.dirname, path.join(root, file))}`,
      ]),
    ),
  },
  poweredByHeader: false,
  // No page uses the image optimizer, which would work for strangers: its address does not exist then.
  images: { unoptimized: true },
  // The door compresses nothing twice and knows the visitor's address; Next only renders.
  compress: true,
  reactStrictMode: true,
  devIndicators: false,
  experimental: { optimizePackageImports: ["radix-ui", "lucide-react"] },
  // `npm run check` checks types; starting an unchanged clone must not wait for it a second time.
  typescript: { ignoreBuildErrors: true },
};

export default config;
