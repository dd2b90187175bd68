/** Rooms and socket door on a real store, as a process that a test can kill. Arguments: directory, port. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../src/clock.ts";
import { openLevelDocumentStore } from "../src/storage/leveldb/open.ts";
import { startSyncServer } from "./harness.ts";

const [directory = "", port = "0"] = process.argv.slice(2);
const store = await openLevelDocumentStore({ directory, clock: systemClock });
const server = await startSyncServer({ store, port: Number(port), lingerMs: 1_000 });

const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();
process.on("SIGUSR2", () => {
  process.stdout.write(`${delays.max / 1e6}\n`);
  delays.reset();
});
process.stdout.write(`${server.port}\n`);
