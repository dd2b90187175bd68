import { expect, test } from "vitest";
import { Gate } from "./gate.ts";

test("M5 so many run at once, the others in their order, and a failure gives its place on", async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const tasks = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const results = tasks.map(({ promise }, i) =>
    gate.run(() => {
      begun.push(i);
      return promise;
    }),
  );
  expect([begun, gate.waiting]).toEqual([[0, 1], 3]);
  tasks[1]!.reject(new RangeError("one"));
  await expect(results[1]).rejects.toThrow(RangeError);
  expect(begun).toEqual([0, 1, 2]);
  for (const [i, { resolve }] of tasks.entries()) resolve(i);
  expect(await Promise.all(results.toSpliced(1, 1))).toEqual([0, 2, 3, 4]);
  expect(gate.waiting).toBe(0);
  expect(await gate.run(async () => "free again")).toBe("free again");
});
