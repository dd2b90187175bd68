/** The process: configuration, start, signals, exit code. */
import { networkInterfaces } from "node:os";
import { type Config, ConfigError, readConfig } from "./config/env.ts";
import { createLog, type Log } from "./logging/logger.ts";
import { createServer, type OctavoServer } from "./server.ts";

/** Ctrl+C reaches us from the terminal and from the script that started us: only a later one means "at once". */
const SAME_SIGNAL_MS = 1_000;

const config = readConfigOrExit();
const log = createLog({ level: config.logLevel, format: config.logFormat });
exitOnUnexpected(log);
const server = await startOrExit(config, log);
// First: whoever reads that it is ready may already send a signal.
stopOnSignal(server, log);
announce(server, config);

function readConfigOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    exitWith(["The configuration is not valid:", ...error.faults.map(fault => `  ${fault}`)]);
  }
}

async function startOrExit(config: Config, log: Log): Promise<OctavoServer> {
  try {
    return await createServer(config, { log });
  } catch (error) {
    log.error({ event: "server.failed", error });
    exitWith([`Octavo cannot start: ${reasonOf(error, config)}`]);
  }
}

/** The net under everything: what nobody expected ends the process, and what was acknowledged is on disk already. */
function exitOnUnexpected(log: Log): void {
  process.on("uncaughtException", (error, origin) => {
    log.fatal({ event: "process.crashed", origin, error });
    exitAtOnce(70);
  });
}

function announce({ url, port, setupUrl }: OctavoServer, { host, url: publicUrl }: Config): void {
  const lines = [`Octavo is ready at ${url}`];
  const isOpenToNetwork = publicUrl === undefined && (host === "0.0.0.0" || host === "::");
  if (isOpenToNetwork)
    lines.push(...lanAddresses().map(address => `On this network:  http://${address}:${port}`));
  if (setupUrl !== undefined)
    lines.push("", "Create the first administrator (this link works once):", setupUrl);
  console.log(`\n${lines.join("\n")}\n`);
}

function stopOnSignal(server: OctavoServer, log: Log): void {
  let stoppingSince: number | undefined;
  const stop = (reason: string) => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now();
      log.info({ event: "server.stopping", reason });
      void end(server, log);
    } else if (performance.now() - stoppingSince > SAME_SIGNAL_MS) {
      exitAtOnce(130);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
  // Started with a channel: whoever started us is gone.
  if (process.channel !== undefined) process.on("disconnect", () => stop("disconnect"));
}

async function end(server: OctavoServer, log: Log): Promise<void> {
  const startedAt = performance.now();
  let exitCode = 0;
  await server.close().catch((error: unknown) => {
    exitCode = 1;
    log.error({ event: "server.closed-badly", error });
  });
  log.info({ event: "server.stopped", durationMs: Math.round(performance.now() - startedAt) });
  if (exitCode === 0) process.exit();
  exitAtOnce(exitCode);
}

/**
 * Ends the process without asking anything that is still at work. `process.exit` waits for threads: one that hangs
 * in a disk would keep it for ever. Another program in our place ends them all, whatever they do.
 */
function exitAtOnce(code: number): never {
  if (process.execve === undefined || process.platform === "win32") process.exit(code);
  return process.execve(process.execPath, ["node", "--eval", `process.exit(${code})`], {});
}

function reasonOf(error: unknown, { port, host }: Config): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${port} is in use; set PORT to another one.`;
  if (code === "EACCES" && message.includes("listen"))
    return `port ${port} is not for this user; set PORT to one above 1023.`;
  if (code === "EADDRNOTAVAIL") return `this machine has no address ${host}; set HOST to one it has.`;
  return message;
}

function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}

function exitWith(lines: readonly string[]): never {
  console.error(lines.join("\n"));
  process.exit(1);
}
