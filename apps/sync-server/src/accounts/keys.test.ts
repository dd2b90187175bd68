import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { keyFor, newSecret, readSigned, seal, sign, unseal } from "./keys.ts";

const secret = randomBytes(32).toString("base64url");
const key = keyFor(secret, "test");

test("what is sealed comes back, differs each time, and only by its key", () => {
  expect(unseal(key, seal(key, "text ✓"))).toBe("text ✓");
  expect(seal(key, "text")).not.toBe(seal(key, "text"));
  expect(() => unseal(keyFor(secret, "other"), seal(key, "text"))).toThrow();
  const sealed = Buffer.from(seal(key, "text"), "base64url");
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
    expect(() => unseal(key, changed.toString("base64url"))).toThrow();
  }
});

test("a signature belongs to its text and its key", () => {
  expect(readSigned(key, sign(key, "guest"))).toBe("guest");
  expect(readSigned(keyFor(secret, "other"), sign(key, "guest"))).toBeUndefined();
  expect(readSigned(key, sign(key, "guest").replace("guest", "ghost"))).toBeUndefined();
  for (const bad of ["", ".", "guest", "guest."]) expect(readSigned(key, bad)).toBeUndefined();
});

test("a secret has 256 bits", () => {
  expect(Buffer.from(newSecret(), "base64url")).toHaveLength(32);
});
