import { z } from "zod";

/**
 * Every environment variable the server reads, once: its reading, its default, and the paragraph that stands in
 * docs/configuration.md. A variable that is not here does not exist, and an unknown OCTAVO_* ends the start.
 */
export interface Variable<T = unknown> {
  /** Reads the text of the variable; its messages follow the name in a fault's line. */
  schema: z.ZodType<T, string>;
  /** Text that is read where the variable is absent; undefined where there is none. */
  default?: string;
  /** What stands in place of the value in the table of docs/configuration.md. */
  form: string;
  /** Never printed, and never with a default. */
  secret?: true;
  text: string;
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .refine(value => value >= min && value <= max, `must be between ${min} and ${max}`);

const origin = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search && !url.hash;
  if (isOrigin && !url.username && !url.password) return url.origin;
  context.addIssue({
    code: "custom",
    message: "must be an origin such as https://docs.example.com, without a path",
  });
  return z.NEVER;
});

const list = <T>(item: z.ZodType<T, string>) =>
  z
    .string()
    .transform(text =>
      text
        .split(",")
        .map(part => part.trim())
        .filter(part => part !== ""),
    )
    .pipe(z.array(item));

const address = z
  .string()
  .regex(
    /^(loopback|private|[\da-fA-F:.]+(\/\d{1,3})?)$/,
    "must be a list of loopback, private, addresses and networks such as 10.0.0.0/8",
  );

const secret = (minLength: number) =>
  z.string().min(minLength, `must have at least ${minLength} characters`).max(4096, "is too long");

const flag = z.enum(["true", "false"], "must be true or false").transform(text => text === "true");

/** Keeps each row's type while checking it against the interface. */
const table = <T extends Record<string, Variable>>(rows: T): T => rows;

export const VARIABLES = table({
  PORT: {
    schema: integer(0, 65_535),
    default: "3000",
    form: "port number",
    text: "The one port that everything is served on: pages, API and sockets. 0 takes any free port.",
  },
  HOST: {
    schema: z.string().min(1, "must not be empty"),
    default: "0.0.0.0",
    form: "address",
    text: "The address to listen on. Use 127.0.0.1 where a reverse proxy on the same machine is the only way in.",
  },
  DATA_DIR: {
    schema: z.string().min(1, "must not be empty"),
    default: "./data",
    form: "folder",
    text: "Where everything that must survive is kept: documents, accounts, generated secrets. Created where it is missing. One server at a time can use it. A relative path starts at the working directory.",
  },
  OCTAVO_URL: {
    schema: origin,
    form: "origin",
    text: "The public origin, for instance https://docs.example.com. Set it when Octavo is published under a name: links, secure cookies and the check of the Origin header then follow it. Where it is absent, the host of each request is used, so that opening Octavo by a LAN address works.",
  },
  ADMIN_EMAIL: {
    schema: z.email("must be an e-mail address").max(254, "is too long"),
    form: "e-mail address",
    text: "Creates the first administrator without the set-up link, together with ADMIN_PASSWORD. Ignored once there is an account.",
  },
  ADMIN_PASSWORD: {
    schema: secret(10),
    form: "password",
    secret: true,
    text: "Password of ADMIN_EMAIL, at least 10 characters. Better given as ADMIN_PASSWORD_FILE.",
  },
  TRUST_PROXY: {
    schema: list(address),
    default: "loopback",
    form: "comma-separated list",
    text: "Whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host headers are believed: `loopback`, `private`, single addresses or networks (10.0.0.0/8). Empty believes nobody. A header from anybody else is dropped.",
  },
  EMBED_ORIGINS: {
    schema: list(origin),
    default: "",
    form: "comma-separated list of origins",
    text: "Origins whose pages may show Octavo in a frame and open its sockets with an access token. Empty allows none.",
  },
  EDITOR_URL: {
    schema: origin,
    form: "origin",
    text: "Where the pages run, if not as a child of this server: for development, or pages on another machine. OCTAVO_INTERNAL_SECRET must then be the same on both sides.",
  },
  OCTAVO_INTERNAL_SECRET: {
    schema: secret(32),
    form: "text of 32 characters or more",
    secret: true,
    text: "Proves to the server that a request comes from its own pages. Only needed together with EDITOR_URL; otherwise it is generated at each start.",
  },
  OCTAVO_DEVELOPMENT: {
    schema: flag,
    default: "false",
    form: "true or false",
    text: "Passes the pages' hot-reload socket and relaxes the content security policy as far as that needs. Only for working on Octavo itself; `npm run dev` sets it.",
  },
  ROOM_LINGER_SECONDS: {
    schema: integer(0, 86_400),
    default: "30",
    form: "seconds",
    text: "How long a document stays in memory after the last person has left it; a reload of its page finds it warm.",
  },
  METRICS_TOKEN: {
    schema: secret(16),
    form: "text of 16 characters or more",
    secret: true,
    text: "Opens GET /metrics (Prometheus) to requests with `Authorization: Bearer` and this token. Where it is absent there is no such address.",
  },
  LOG_LEVEL: {
    schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
      error: "must be one of fatal, error, warn, info, debug, trace, silent",
    }),
    default: "info",
    form: "level",
    text: "The least important level that is still logged: fatal, error, warn, info, debug, trace or silent.",
  },
  LOG_FORMAT: {
    schema: z.enum(["auto", "json", "pretty"], { error: "must be auto, json or pretty" }),
    default: "auto",
    form: "format",
    text: "`json` writes one object a line, `pretty` is for reading, `auto` is pretty on a terminal and json elsewhere.",
  },
});

export type VariableName = keyof typeof VARIABLES;

/** OCTAVO_* names that other programs of this repository read; the server lets them pass. */
export const NAMES_OF_OTHERS: ReadonlySet<string> = new Set([
  "OCTAVO_INTERNAL_URL",
  "OCTAVO_LONG",
  "OCTAVO_TEST_BROWSER",
  "OCTAVO_VERSION",
]);
