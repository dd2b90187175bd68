/**
 * Replays a real editing history, one frame an edit, through a real client into Octavo and into the servers most
 * people would otherwise use, and prints a table. `npm run bench -- replay --edits 20000`; see README.md.
 */
import { parseArgs } from "node:util";
import { type Measurement, measure } from "./measure.ts";
import { digits, table } from "./table.ts";
import { hocuspocus, installPeers, octavo, targetOf } from "./targets.ts";
import { loadTrace } from "./trace.ts";

const { values } = parseArgs({
  options: {
    edits: { type: "string", default: "259778" },
    window: { type: "string", default: "100" },
    opens: { type: "string", default: "5" },
    /** Comma-separated: octavo, hocuspocus, y-websocket. */
    targets: { type: "string", default: "hocuspocus,y-websocket,octavo" },
  },
});

const mega = (bytes: number | undefined) => (bytes === undefined ? undefined : bytes / 1_000_000);

const ROWS: readonly (readonly [title: string, read: (measurement: Measurement) => number | undefined])[] = [
  ["wall time, s", ({ wallMs }) => wallMs / 1000],
  ["answered edits / s", ({ edits, wallMs }) => edits / (wallMs / 1000)],
  ["server CPU, s", ({ cpuMs }) => cpuMs && cpuMs / 1000],
  ["written to disk, MB", ({ writtenBytes }) => mega(writtenBytes)],
  ["stored at the end, MB", ({ storedBytes }) => mega(storedBytes)],
  ["peak memory, MB", ({ peakRssBytes }) => mega(peakRssBytes)],
  ["cold open, ms", ({ openMs }) => openMs],
  ["cold open, kB on the wire", ({ openBytes }) => openBytes / 1000],
];

const targets = values.targets.split(",").map(targetOf);
const plan = { edits: count("edits"), window: count("window"), opens: count("opens") };
if (values.targets !== "octavo") installPeers();

const { edits, name } = await loadTrace(plan.edits);
console.error(`${edits.length} edits (${name}), at most ${plan.window} unanswered`);
const measurements: Measurement[] = [];
for (const target of targets) {
  console.error(`… ${target.title}`);
  measurements.push(await measure(target, plan));
}
console.log(`\nReplay of ${edits.length.toLocaleString("en")} edits: ${name}\n`);
console.log(report(measurements));

function count(option: "edits" | "window" | "opens"): number {
  const value = Number(values[option]);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${option} must be a whole number above 0`);
  return value;
}

function report(all: readonly Measurement[]): string {
  const columns = all.flatMap(measurement => [measurement.target]);
  const reference = all.find(measurement => measurement.target === hocuspocus.title);
  const ours = all.find(measurement => measurement.target === octavo.title);
  const rows = ROWS.map(([title, read]) => [
    title,
    ...all.map(measurement => digits(read(measurement))),
    ...(ours && reference ? [digits((read(ours) ?? Number.NaN) / (read(reference) ?? Number.NaN))] : []),
  ]);
  const meaning = ["an answer means", ...all.map(({ answer }) => answer), ...(ours && reference ? [""] : [])];
  const header = ["", ...columns, ...(ours && reference ? ["octavo ÷ hocuspocus"] : [])];
  return table(header, [meaning, ...rows]);
}
