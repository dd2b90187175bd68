import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** Half a millisecond is a group commit on NVMe; ten seconds is a disk in trouble. */
const DISK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

export type Metrics = ReturnType<typeof createMetrics>;

/** The server's metrics in a registry of their own, so that two servers in one process do not share them. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    connections: new Gauge({ name: "octavo_connections", help: "Open document connections.", registers }),
    sockets: new Gauge({
      name: "octavo_sockets",
      help: "Open connections by the transport that carries them.",
      labelNames: ["transport"],
      registers,
    }),
    rooms: new Gauge({ name: "octavo_rooms", help: "Documents loaded in memory.", registers }),
    updates: new Counter({
      name: "octavo_updates_total",
      help: "Updates admitted and committed.",
      registers,
    }),
    ackSeconds: new Histogram({
      name: "octavo_ack_seconds",
      help: "Time from the arrival of a write frame to its acknowledgement.",
      buckets: DISK_SECONDS,
      registers,
    }),
    commitSeconds: new Histogram({
      name: "octavo_commit_seconds",
      help: "Time of one group commit with fsync.",
      buckets: DISK_SECONDS,
      registers,
    }),
    storeErrors: new Counter({
      name: "octavo_store_errors_total",
      help: "Failed writes to the store.",
      registers,
    }),
    closes: new Counter({
      name: "octavo_closes_total",
      help: "Closed sockets by code.",
      labelNames: ["code"],
      registers,
    }),
    httpRequests: new Histogram({
      name: "octavo_http_request_seconds",
      help: "Time to answer HTTP requests by part (api, pages, link) and class of status.",
      labelNames: ["part", "status"],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
  };
}

/** Adds memory, event-loop lag and garbage collection of this process; for the one server of a process. */
export function collectProcessMetrics(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry, prefix: "octavo_" });
}
