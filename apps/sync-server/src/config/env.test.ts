import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "./env.ts";

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

function fileWith(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "octavo-config-")), "value");
  writeFileSync(file, text);
  return file;
}

describe("configuration", () => {
  test("an empty environment gives the documented defaults", () => {
    const config = readConfig({});
    expect(config).toMatchObject({ port: 3000, host: "0.0.0.0", trustProxy: ["loopback"], embedOrigins: [] });
    expect(config.dataDir).toBe(join(process.cwd(), "data"));
    expect(config.url).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("all faults are reported together, and none of them repeats a value", () => {
    const faults = faultsOf({
      PORT: "eighty",
      OCTAVO_URL: "docs.example.com",
      METRICS_TOKEN: "hunter2",
      LOG_LEVEL: "loud",
    });
    expect(faults.map(fault => fault.split(" ")[0])).toEqual(
      ["PORT", "OCTAVO_URL", "METRICS_TOKEN", "LOG_LEVEL"].sort(byTable),
    );
    expect(faults.join("\n")).not.toContain("hunter2");
  });

  test("an unknown OCTAVO_* ends the start, a variable of somebody else does not", () => {
    expect(faultsOf({ OCTAVO_ULR: "http://localhost" })).toEqual([
      "OCTAVO_ULR is not a variable that Octavo knows.",
    ]);
    expect(
      faultsOf({ OCTAVO_TEST_BROWSER: "/usr/bin/chromium", OCTAVO_URL_FILE: fileWith("https://a.example") }),
    ).toEqual([]);
  });

  test("every variable can come from a file, trimmed; the direct value wins", () => {
    expect(readConfig({ PORT_FILE: fileWith(" 4000\n") }).port).toBe(4000);
    expect(readConfig({ PORT_FILE: fileWith("4000"), PORT: "5000" }).port).toBe(5000);
    expect(faultsOf({ METRICS_TOKEN_FILE: "/nowhere/token" })[0]).toMatch(/^METRICS_TOKEN_FILE .*ENOENT/);
  });

  test("an empty value is an absent one, except that nobody is trusted with TRUST_PROXY=", () => {
    expect(readConfig({ PORT: "", OCTAVO_URL: "" })).toMatchObject({ port: 3000, url: undefined });
    expect(readConfig({ TRUST_PROXY: "" }).trustProxy).toEqual([]);
  });

  test("an origin is kept without a trailing slash and refused with a path", () => {
    expect(readConfig({ OCTAVO_URL: "https://Docs.Example.com/" }).url).toBe("https://docs.example.com");
    expect(faultsOf({ OCTAVO_URL: "https://docs.example.com/octavo" })).toHaveLength(1);
    expect(faultsOf({ OCTAVO_URL: "ftp://docs.example.com" })).toHaveLength(1);
    expect(
      readConfig({ EMBED_ORIGINS: "https://a.example, https://b.example:8443" }).embedOrigins,
    ).toHaveLength(2);
  });

  test("the first administrator needs both halves", () => {
    expect(faultsOf({ ADMIN_EMAIL: "ada@example.com" })).toHaveLength(1);
    expect(
      readConfig({ ADMIN_EMAIL: "ada@example.com", ADMIN_PASSWORD: "correct horse" }).administrator?.email,
    ).toBe("ada@example.com");
  });
});

const TABLE = ["PORT", "OCTAVO_URL", "METRICS_TOKEN", "LOG_LEVEL"];
function byTable(a: string, b: string): number {
  return TABLE.indexOf(a) - TABLE.indexOf(b);
}
