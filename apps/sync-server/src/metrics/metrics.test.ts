import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

test("two servers in one process count apart", async () => {
  const [first, second] = [createMetrics(), createMetrics()];
  first.updates.inc(3);
  first.closes.inc({ code: "4403" });
  expect(await first.registry.metrics()).toMatch(
    /octavo_updates_total 3\n[\s\S]*octavo_closes_total\{code="4403"\} 1/,
  );
  expect(await second.registry.metrics()).toContain("octavo_updates_total 0");
});
