import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { z } from "zod";
import { NAMES_OF_OTHERS, VARIABLES, type VariableName } from "./variables.ts";

type Values = { [Name in VariableName]: z.output<(typeof VARIABLES)[Name]["schema"]> | undefined };

/** What the server was told at its start; frozen, and passed down as an argument. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Public origin; undefined means the effective host of each request. */
  readonly url: string | undefined;
  readonly administrator: { readonly email: string; readonly password: string } | undefined;
  readonly trustProxy: readonly string[];
  readonly embedOrigins: readonly string[];
  /** Origin of pages that run elsewhere; undefined means our own child. */
  readonly editorUrl: string | undefined;
  readonly internalSecret: string | undefined;
  readonly development: boolean;
  readonly roomLingerMs: number;
  readonly metricsToken: string | undefined;
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  readonly logFormat: "auto" | "json" | "pretty";
}

/** Everything that is wrong with the environment, one readable line a fault. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.name = "ConfigError";
    this.faults = faults;
  }
}

/** Reads the whole environment. @throws ConfigError with all faults at once */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const faults: string[] = unknownNames(environment);
  const values = readValues(environment, faults);
  if ((values.ADMIN_EMAIL === undefined) !== (values.ADMIN_PASSWORD === undefined)) {
    faults.push("ADMIN_EMAIL and ADMIN_PASSWORD must be given together.");
  }
  if (values.EDITOR_URL !== undefined && values.OCTAVO_INTERNAL_SECRET === undefined) {
    faults.push("EDITOR_URL needs OCTAVO_INTERNAL_SECRET, the same on both sides.");
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(configOf(values));
}

/** Names of the platform that a child process needs to run at all; our own secrets are not among them. */
const PLATFORM_NAMES = [
  "PATH",
  "HOME",
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "NODE_EXTRA_CA_CERTS",
];

/** The environment a child process starts with. */
export function platformEnvironment(
  environment: Record<string, string | undefined> = process.env,
): Record<string, string> {
  const entries = PLATFORM_NAMES.map(name => [name, environment[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function unknownNames(environment: Record<string, string | undefined>): string[] {
  return Object.keys(environment)
    .filter(name => name.startsWith("OCTAVO_") && !NAMES_OF_OTHERS.has(name))
    .filter(name => !Object.hasOwn(VARIABLES, name.replace(/_FILE$/, "")))
    .map(name => `${name} is not a variable that Octavo knows.`);
}

function readValues(environment: Record<string, string | undefined>, faults: string[]): Values {
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const text = textOf(name, environment, faults) ?? ("default" in variable ? variable.default : undefined);
    if (text === undefined) continue;
    const result = variable.schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else faults.push(...new Set(result.error.issues.map(issue => `${name} ${issue.message}.`)));
  }
  return values as Values;
}

/** The direct value wins over the file; both are trimmed. An empty one counts as absent, as compose files write it. */
function textOf(
  name: string,
  environment: Record<string, string | undefined>,
  faults: string[],
): string | undefined {
  const direct = environment[name]?.trim();
  if (direct) return direct;
  // TRUST_PROXY= is meant: nobody is believed.
  if (direct === "" && name === "TRUST_PROXY") return direct;
  const file = environment[`${name}_FILE`]?.trim();
  if (!file) return undefined;
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (error) {
    faults.push(
      `${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
    );
    return undefined;
  }
}

/** Called only when nothing was wrong: every variable with a default has its value. */
function configOf(values: Values): Config {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = values;
  return {
    port: values.PORT!,
    host: values.HOST!,
    dataDir: resolve(values.DATA_DIR!),
    url: values.OCTAVO_URL,
    administrator: email !== undefined && password !== undefined ? { email, password } : undefined,
    trustProxy: values.TRUST_PROXY!,
    embedOrigins: values.EMBED_ORIGINS!,
    editorUrl: values.EDITOR_URL,
    internalSecret: values.OCTAVO_INTERNAL_SECRET,
    development: values.OCTAVO_DEVELOPMENT!,
    roomLingerMs: values.ROOM_LINGER_SECONDS! * 1_000,
    metricsToken: values.METRICS_TOKEN,
    logLevel: values.LOG_LEVEL!,
    logFormat: values.LOG_FORMAT!,
  };
}
