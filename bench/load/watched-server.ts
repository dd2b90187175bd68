import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import {
  eventually,
  type Person,
  repositoryPath,
  type ServerProcess,
  setUp,
  startServerProcess,
} from "@octavo/test-kit";

const METRICS_TOKEN = "metrics-token-of-the-soak";
/** Rooms go a second after their last visitor, so that a pause finds none. */
const LINGER_SECONDS = "1";
/** On this signal the server collects its garbage: what is counted then is what is held. */
const COLLECTS = 'process.on("SIGUSR2", () => globalThis.gc())';

/** What the server holds when nobody is there. */
export interface Sample {
  heapBytes: number;
  rssBytes: number;
  timers: number;
  handles: number;
  files: number;
}

export interface WatchedServer extends AsyncDisposable {
  readonly url: string;
  readonly person: Person;
  /** Waits until no room and no connection is left. @throws Error when some stay */
  sampleAtRest(): Promise<Sample>;
  /** Of the event loop, since somebody asked last. */
  longestStallMs(): Promise<number>;
  /** Lines that were logged as errors. */
  errors(): string[];
}

export async function startWatched(): Promise<WatchedServer> {
  const entry = existsSync(repositoryPath("apps/sync-server/dist/main.js")) ? "built" : "source";
  const server = await startServerProcess({
    entry,
    environment: {
      METRICS_TOKEN,
      LOG_LEVEL: "warn",
      LOG_FORMAT: "json",
      ROOM_LINGER_SECONDS: LINGER_SECONDS,
      NODE_OPTIONS: `--expose-gc --import=data:text/javascript,${encodeURIComponent(COLLECTS)}`,
    },
  });
  const person = await setUp(server);
  return {
    url: server.url,
    person,
    sampleAtRest: () => sampleAtRest(server),
    longestStallMs: async () =>
      Math.round(numberOf(await metricsOf(server), "octavo_nodejs_eventloop_lag_max_seconds") * 1_000),
    errors: () => server.output.split("\n").filter(line => /"level":"(error|fatal)"/.test(line)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function sampleAtRest(server: ServerProcess): Promise<Sample> {
  const isAtRest = (text: string) =>
    numberOf(text, "octavo_rooms") === 0 && numberOf(text, "octavo_connections") === 0;
  await eventually(async () => isAtRest(await metricsOf(server)), {
    withinMs: 30_000,
    what: "every room and connection to go",
  });
  const before = numberOf(await metricsOf(server), 'octavo_nodejs_gc_duration_seconds_count{kind="major"}');
  // Asked again until one is counted: a collection that was under way already takes the question for its own.
  const text = await eventually(async () => {
    server.signal("SIGUSR2");
    const now = await metricsOf(server);
    return numberOf(now, 'octavo_nodejs_gc_duration_seconds_count{kind="major"}') > before && now;
  });
  const visitors = await connectionsTo(server.port);
  return {
    heapBytes: numberOf(text, "octavo_nodejs_heap_size_used_bytes"),
    rssBytes: numberOf(text, "octavo_process_resident_memory_bytes"),
    timers: numberOf(text, 'octavo_nodejs_active_resources{type="Timeout"}'),
    handles: numberOf(text, "octavo_nodejs_active_handles_total") - visitors,
    files: (await readdir(`/proc/${server.pid}/fd`)).length - visitors,
  };
}

/** Connections that those who ask over HTTP keep open for their next question: they are theirs, and come and go. */
async function connectionsTo(port: number): Promise<number> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n").map(line => line.trim().split(/\s+/));
  // 01 is established, 08 closed by the other side only.
  return lines.filter(([, address, , state]) => address?.endsWith(local) && /^0[18]$/.test(state ?? ""))
    .length;
}

async function metricsOf(server: ServerProcess): Promise<string> {
  // Not kept alive: the connection of the question is not what is asked about.
  const headers = { authorization: `Bearer ${METRICS_TOKEN}`, connection: "close" };
  return (await fetch(`${server.url}/metrics`, { headers })).text();
}

function numberOf(text: string, name: string): number {
  const line = text.split("\n").find(one => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** How one quantity went over the pauses. */
export interface Trend {
  what: keyof Sample;
  first: number;
  last: number;
  /** The slope of the line through all pauses, over the whole time. */
  growth: number;
  allowed: number;
  isFlat: boolean;
}

/**
 * Growth that still counts as none. Of the heap: what V8 keeps of compiled code. Of the process: what LevelDB may
 * take for its block cache (64 MiB) and write buffers (2 × 16 MiB), and what the allocator keeps. A timer or file may be on its way at a pause.
 */
const ALLOWED: Record<keyof Sample, number> = {
  heapBytes: 4 * 2 ** 20,
  rssBytes: 128 * 2 ** 20,
  timers: 2,
  handles: 2,
  files: 4,
};

export function trendsOf(samples: readonly Sample[]): Trend[] {
  return (Object.keys(ALLOWED) as (keyof Sample)[]).map(what => {
    const values = samples.map(sample => sample[what]);
    const growth = slopeOf(values) * (values.length - 1);
    const allowed = ALLOWED[what];
    return { what, first: values[0]!, last: values.at(-1)!, growth, allowed, isFlat: growth <= allowed };
  });
}

/** Least squares, a step each. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [top, bottom] = values.reduce(
    ([t, b], value, index) => [t + (index - middle) * (value - mean), b + (index - middle) ** 2],
    [0, 0],
  );
  return bottom === 0 ? 0 : top / bottom;
}

export function describeTrend({ what, first, last, growth, allowed, isFlat }: Trend): string {
  const isBytes = what.endsWith("Bytes");
  const show = (value: number) => (isBytes ? `${(value / 2 ** 20).toFixed(1)} MiB` : value.toFixed(0));
  const name = {
    heapBytes: "heap",
    rssBytes: "resident memory",
    timers: "timers",
    handles: "handles",
    files: "open files",
  }[what];
  return `| ${name} | ${show(first)} | ${show(last)} | ${isBytes ? show(growth) : growth.toFixed(1)} | ${show(allowed)} | ${isFlat ? "flat" : "**grows**"} |`;
}
