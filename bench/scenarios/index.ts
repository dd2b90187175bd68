import type { Scenario } from "../scenario.ts";
import { busyRoom } from "./busy-room.ts";
import { cursors } from "./cursors.ts";
import { largeDocument, mediumDocument } from "./large-document.ts";
import { manyDocuments } from "./many-documents.ts";
import { throughput } from "./throughput.ts";
import { tinyUpdates } from "./tiny-updates.ts";
import { updateLog } from "./update-log.ts";

/** In the order of the table of targets. */
export const SCENARIOS: readonly Scenario[] = [
  busyRoom,
  manyDocuments,
  largeDocument,
  mediumDocument,
  cursors,
  tinyUpdates,
  updateLog,
  throughput,
];
