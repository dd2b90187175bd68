/**
 * Loaded into a server by `NODE_OPTIONS=--import`: says over a local socket how long its event loop was held at most,
 * since it was last asked to begin, and what memory it keeps. The same for every server that is measured.
 */
import { connect } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

// A finer one would cost as much as a quiet server does; this one takes a hundredth of a core, so it runs only when asked.
const RESOLUTION_MS = 2;

const path = process.env.BENCH_MONITOR;
if (isMainThread && path) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const socket = connect(path).unref();
  const answers = {
    begin() {
      delays.enable();
      delays.reset();
      return {};
    },
    stalls() {
      delays.disable();
      return {
        longestMs: Math.max(0, delays.max / 1e6 - RESOLUTION_MS),
        p99Ms: Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS),
      };
    },
    /** What is left after garbage was collected. */
    memory() {
      setFlagsFromString("--expose-gc");
      const collect = runInNewContext("gc");
      collect();
      collect();
      return { rssBytes: process.memoryUsage.rss() };
    },
  };
  socket.setEncoding("utf8").on("data", text => {
    for (const question of text.trim().split("\n")) socket.write(`${JSON.stringify(answers[question]())}\n`);
  });
  socket.on("error", () => {});
}
