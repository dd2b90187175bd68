import type { Scenario } from "../scenario.ts";
import { alone } from "./alone.ts";
import { busyRoom } from "./busy-room.ts";
import { cursors } from "./cursors.ts";
import { idle } from "./idle.ts";
import { joins } from "./joins.ts";
import { killNine } from "./kill-nine.ts";
import { largeDocument, mediumDocument } from "./large-document.ts";
import { manyDocuments } from "./many-documents.ts";
import { opening } from "./opening.ts";
import { reconnectApart, reconnectTogether, restart } from "./reconnect.ts";
import { shutdown } from "./shutdown.ts";
import { smallRooms } from "./small-rooms.ts";
import { stalled } from "./stalled.ts";
import { throughput } from "./throughput.ts";
import { tinyUpdates } from "./tiny-updates.ts";
import { updateLog } from "./update-log.ts";

/** In the order of the table of targets. */
export const SCENARIOS: readonly Scenario[] = [
  killNine,
  smallRooms,
  busyRoom,
  manyDocuments,
  largeDocument,
  mediumDocument,
  cursors,
  idle,
  tinyUpdates,
  updateLog,
  throughput,
  alone,
  opening,
  reconnectApart,
  reconnectTogether,
  restart,
  joins,
  stalled,
  shutdown,
];
