/**
 * Loaded into a server by `NODE_OPTIONS=--import`: says over a local socket how long its event loop was held at most,
 * since it was last asked to begin. The same for every server that is measured.
 */
import { connect } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

// A finer one would cost as much as a quiet server does.
const RESOLUTION_MS = 2;

const path = process.env.BENCH_MONITOR;
if (isMainThread && path) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const socket = connect(path).unref();
  socket.setEncoding("utf8").on("data", text => {
    for (const command of text.trim().split("\n")) {
      if (command === "begin") delays.reset();
      else if (command === "read") {
        const longestMs = Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
        const p99Ms = Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS);
        socket.write(`${JSON.stringify({ longestMs, p99Ms })}\n`);
      }
    }
  });
  socket.on("error", () => {});
}
