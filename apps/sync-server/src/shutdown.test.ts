import { describe, expect, test } from "vitest";
import { Shutdown } from "./shutdown.ts";

describe("shutdown", () => {
  test("closes in the opposite order, once", async () => {
    const closed: string[] = [];
    const shutdown = new Shutdown();
    for (const name of ["lock", "store", "door"])
      shutdown.add(name, 1_000, async () => void closed.push(name));
    await Promise.all([shutdown.run(), shutdown.run()]);
    expect(closed).toEqual(["door", "store", "lock"]);
    expect(shutdown.hasBegun).toBe(true);
  });

  test("a step that fails or hangs keeps no other from closing, and is named at the end", async () => {
    const closed: string[] = [];
    const shutdown = new Shutdown();
    shutdown.add("lock", 1_000, async () => void closed.push("lock"));
    shutdown.add("store", 1_000, () => Promise.reject(new Error("disk")));
    shutdown.add("rooms", 5, () => new Promise(() => {}));
    await expect(shutdown.run()).rejects.toThrow("rooms did not close within 5 ms; store did not close");
    expect(closed).toEqual(["lock"]);
  });
});
