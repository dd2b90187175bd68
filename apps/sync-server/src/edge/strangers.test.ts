import { expect, test } from "vitest";
import { Strangers } from "./strangers.ts";

test("U3 a network has so many places, and others have theirs", () => {
  const strangers = new Strangers({ perNetwork: 2, inAll: 10 });
  const leave = strangers.enter("2001:db8::1");
  expect(strangers.enter("2001:db8::2")).toBeDefined();
  expect(strangers.enter("2001:db8::3")).toBeUndefined();
  expect(strangers.enter("192.0.2.1")).toBeDefined();
  leave?.();
  leave?.();
  expect(strangers.enter("2001:db8::4")).toBeDefined();
  expect(strangers.enter("2001:db8::5")).toBeUndefined();
});

test("U3 there are so many places in all", () => {
  const strangers = new Strangers({ perNetwork: 2, inAll: 3 });
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
    expect(strangers.enter(address)).toBeDefined();
  expect(strangers.enter("192.0.2.4")).toBeUndefined();
});
