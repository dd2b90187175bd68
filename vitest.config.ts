import { defineConfig } from "vitest/config";

/**
 * `unit`: pure, milliseconds. `system`: real server, real LevelDB, one file at a time so that timings mean
 * something. `browser`: real Chromium against the built product.
 */
export default defineConfig({
  resolve: { conditions: ["octavo-source", "module", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["octavo-source", "module", "node", "import", "default"] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{packages,apps,scripts,bench}/**/*.test.{ts,tsx}"],
          exclude: ["**/node_modules/**", "**/dist/**", "**/*.int.test.ts", "**/*.prop.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "system",
          include: ["{packages,apps,scripts,bench}/**/*.{int,prop}.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["e2e/**/*.e2e.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
