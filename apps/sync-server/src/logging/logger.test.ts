import { describe, expect, test } from "vitest";
import { createLog, pathForLog } from "./logger.ts";

function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLog({ level: "info", format: "json" }, { write: line => void lines.push(line) }));
  return lines.map(line => JSON.parse(line) as Record<string, unknown>);
}

describe("the log", () => {
  test("writes one JSON object a line with time, level and event", () => {
    const [line] = logged(log => log.info({ event: "room.loaded", updates: 3 }));
    expect(line).toMatchObject({ level: "info", event: "room.loaded", updates: 3 });
    expect(line?.time).toMatch(/^\d{4}-.*Z$/);
  });

  test("hides secrets that slipped in, also nested ones", () => {
    const [line] = logged(log =>
      log.info({ event: "x", token: "t1", user: { email: "a@b.c" }, a: { b: { password: "p1" } } }),
    );
    expect(JSON.stringify(line)).not.toMatch(/t1|a@b\.c|p1/);
  });

  test("keeps code and cause of an error and drops what else hangs on it", () => {
    const error = Object.assign(new Error("outer", { cause: new Error("inner") }), {
      code: "EIO",
      request: "secret stuff",
    });
    const [line] = logged(log => log.error({ event: "x", error }));
    expect(line?.error).toMatchObject({ code: "EIO", message: "outer", cause: { message: "inner" } });
    expect(JSON.stringify(line)).not.toContain("secret stuff");
  });

  test("paths lose their query, the secrets of links and the titles of documents", () => {
    expect(pathForLog("/yjs/abc?token=secret")).toBe("/yjs/abc");
    expect(pathForLog("/s/3f9c")).toBe("/s/…");
    expect(pathForLog("/invite/3f9c")).toBe("/invite/…");
    expect(pathForLog("/setup?token=1")).toBe("/setup");
    expect(pathForLog("/d/secret-plan-Vrr4DWNHSwu6iNpqbFuxpL")).toBe("/d/Vrr4DWNHSwu6iNpqbFuxpL");
    expect(pathForLog("/d/secret-plan")).toBe("/d/…");
    expect(pathForLog(undefined)).toBe("");
  });
});
