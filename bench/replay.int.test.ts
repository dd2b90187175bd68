import { expect, it } from "vitest";
import { measure } from "./measure.ts";
import { arePeersInstalled, hocuspocus, octavo, type Target, yWebsocket } from "./targets.ts";

/** The benchmark itself must work: text goes in, the same text comes back after a restart. Numbers are not judged. */
const PLAN = { edits: 2_000, window: 100, opens: 1 };

async function expectMeasured(target: Target): Promise<void> {
  const measurement = await measure(target, PLAN);
  expect(measurement.edits).toBe(PLAN.edits);
  expect(measurement.storedBytes).toBeGreaterThan(1_000);
  expect(measurement.openBytes).toBeGreaterThan(1_000);
}

it("replays 2,000 edits into Octavo and reads them back", () => expectMeasured(octavo));

it.skipIf(!arePeersInstalled()).each([hocuspocus, yWebsocket])(
  "replays 2,000 edits into $name and reads them back",
  expectMeasured,
);
