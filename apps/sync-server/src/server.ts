import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createAccess } from "./access/create-access.ts";
import { createAccounts } from "./accounts/accounts.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Config } from "./config/env.ts";
import { createRequesterReader } from "./config/requester.ts";
import { createConversionPool } from "./documents/convert/pool.ts";
import { createDocuments } from "./documents/documents.ts";
import { openDoor, type Readiness } from "./door.ts";
import { createEventsDoor } from "./edge/events-door.ts";
import { createLine } from "./edge/line.ts";
import { createSocketDoor } from "./edge/websocket.ts";
import { PASS_TO_PAGES } from "./http/link-page.ts";
import { createHttp } from "./http/router.ts";
import { createLog, type Log } from "./logging/logger.ts";
import { collectProcessMetrics, createMetrics } from "./metrics/metrics.ts";
import { type Pages, startPages } from "./pages/pages.ts";
import { Shutdown } from "./shutdown.ts";
import { type Catalog, openCatalog } from "./storage/catalog/catalog.ts";
import { lockDataDirectory, requireCatalog } from "./storage/data-directory.ts";
import type { DocumentStore } from "./storage/document-store.ts";
import { openLevelDocumentStore } from "./storage/leveldb/open.ts";
import { readSecrets } from "./storage/secrets.ts";
import { createRooms } from "./sync/rooms.ts";

/** A running server. */
export interface OctavoServer {
  port: number;
  /** Where people open it, as far as the server can know. */
  url: string;
  /** Where the first administrator is created; undefined once there is an account. */
  setupUrl: string | undefined;
  /** Lets everybody go, writes what is to be written and ends, in less than five seconds. @throws AggregateError of what went wrong on the way */
  close(): Promise<void>;
}

/** What tests give instead of the real thing. */
export interface ServerOverrides {
  clock?: Clock;
  log?: Log;
  /** Closed by the server. */
  documentStore?: DocumentStore;
  /** False: the server has no pages, only the API and the sockets. */
  pages?: false;
}

/** Longest time of each step of the shutdown; together they stay below five seconds. */
const CLOSE_MS = {
  door: 800,
  sockets: 200,
  documents: 300,
  conversion: 300,
  rooms: 1_600,
  store: 500,
  catalog: 200,
  lock: 200,
  pages: 700,
};
/** Of the door's time: somebody between two polls asks again within a round trip. */
const POLL_GAP_MS = 150;
/** A store that does not answer a probe in this time is not ready. */
const PROBE_MS = 2_000;

/** Joins the parts and listens. @throws DataDirectoryError, or the error of the port that cannot be had */
export async function createServer(config: Config, overrides: ServerOverrides = {}): Promise<OctavoServer> {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLog({ level: config.logLevel, format: config.logFormat });
  const shutdown = new Shutdown();
  try {
    return await start(config, overrides, { clock, log, shutdown });
  } catch (error) {
    // What cannot be closed either is no more than a consequence.
    await shutdown.run().catch((consequence: unknown) => {
      log.error({ event: "server.closed-badly", error: consequence });
    });
    throw error;
  }
}

async function start(
  config: Config,
  overrides: ServerOverrides,
  { clock, log, shutdown }: { clock: Clock; log: Log; shutdown: Shutdown },
): Promise<OctavoServer> {
  const { dataDir } = config;
  const internalSecret = config.internalSecret ?? randomBytes(32).toString("base64url");
  const metrics = createMetrics();
  let pages: Pages | undefined;
  let url = config.url ?? "";

  // Steps run in reverse: the pages, which answer to the end, are the last.
  shutdown.add("pages", CLOSE_MS.pages, async () => pages?.close());
  const lock = await lockDataDirectory(dataDir);
  shutdown.add("lock", CLOSE_MS.lock, () => lock.release());
  const catalogFile = join(dataDir, "catalog.sqlite");
  await requireCatalog(dataDir, catalogFile);
  const secrets = await readSecrets(dataDir);
  const catalog = await openCatalog({ file: catalogFile, clock });
  shutdown.add("catalog", CLOSE_MS.catalog, async () => catalog.close());
  const store =
    overrides.documentStore ??
    (await openLevelDocumentStore({ directory: join(dataDir, "documents"), clock, log, metrics }));
  shutdown.add("store", CLOSE_MS.store, () => store.close());

  const accounts = await createAccounts({
    catalog,
    secrets,
    clock,
    url: () => url,
    dataDir,
    log,
    ...(config.administrator && { administrator: config.administrator }),
  });
  const access = createAccess({ catalog, accounts, secrets, clock });
  const rooms = createRooms({
    store,
    access,
    identify: accounts.identify,
    lingerMs: config.roomLingerMs,
    clock,
    log,
    metrics,
  });
  const origins = { url: config.url, embedOrigins: config.embedOrigins };
  const line = createLine();
  const sockets = createSocketDoor({ rooms, ...origins, line, metrics, log });
  const events = createEventsDoor({ rooms, ...origins, line, metrics, log });
  shutdown.add("sockets", CLOSE_MS.sockets, async () => sockets.close());
  shutdown.add("rooms", CLOSE_MS.rooms, () => rooms.drain(CLOSE_MS.rooms - 100));
  const render = createConversionPool();
  shutdown.add("conversion", CLOSE_MS.conversion, () => render.close());
  const documents = createDocuments({ store, catalog, access, rooms, render, clock, log });
  shutdown.add("documents", CLOSE_MS.documents, () => documents.close());

  const http = createHttp({
    documents,
    accounts,
    access,
    clock,
    url: () => url,
    embedOrigins: config.embedOrigins,
    internalSecret,
    log,
    metrics,
  });
  const door = openDoor({
    requesterOf: createRequesterReader(config.trustProxy, internalSecret),
    api: (request, bindings) => http.fetch(request, bindings),
    passToPages: PASS_TO_PAGES,
    sockets: sockets.handleUpgrade,
    events: (request, response, requester) => events.handleRequest(request, response, requester),
    pages: () => pages,
    readiness: () => readinessOf(store, catalog, shutdown),
    url: config.url,
    metrics,
    metricsToken: config.metricsToken,
    clock,
    log,
  });
  const port = await door.listen(config.port, config.host);
  shutdown.add("door", CLOSE_MS.door, async () => {
    // Their answers are the ones that the door would wait for.
    await events.close(POLL_GAP_MS);
    await door.close(CLOSE_MS.door - POLL_GAP_MS - 100);
  });
  url = config.url ?? `http://${reachableHost(config.host, "localhost")}:${port}`;

  if (overrides.pages !== false) {
    pages = startPages({
      editorUrl: config.editorUrl,
      internalUrl: `http://${reachableHost(config.host, "127.0.0.1")}:${port}`,
      internalSecret,
      embedOrigins: config.embedOrigins,
      development: config.development,
      clock,
      log,
    });
  }
  if (config.metricsToken !== undefined) collectProcessMetrics(metrics);
  log.info({ event: "server.listening", port, host: config.host, url });
  return { port, url, setupUrl: accounts.setupUrl(), close: () => shutdown.run() };
}

/** Ready is: what arrives now can be written, found and answered. */
async function readinessOf(store: DocumentStore, catalog: Catalog, shutdown: Shutdown): Promise<Readiness> {
  const reasons: string[] = [];
  if (shutdown.hasBegun) reasons.push("shutting down");
  const { state } = store.updates;
  if (!state.writable) reasons.push(`documents: ${state.reason}`);
  else if (!(await succeeds(store.probe()))) reasons.push("documents: a probe could not be written");
  if (!(await succeeds(catalog.people.count()))) reasons.push("catalog: cannot be read");
  return { isReady: reasons.length === 0, reasons };
}

/** Whether it comes to a good end in time. */
async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController();
  const late = wait(PROBE_MS, false, { signal: timer.signal }).catch(() => false);
  const ended = attempt.then(
    () => true,
    () => false,
  );
  return Promise.race([ended, late]).finally(() => timer.abort());
}

/** A host under which this machine reaches itself: an address that means "all" is none to go to. */
function reachableHost(host: string, loopback: string): string {
  if (host === "0.0.0.0" || host === "::") return loopback;
  return isIP(host) === 6 ? `[${host}]` : host;
}
