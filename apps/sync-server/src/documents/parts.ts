import type { Logger } from "pino";
import type { AccessControl } from "../access/create-access.ts";
import type { Clock } from "../clock.ts";
import type { Catalog } from "../storage/catalog/catalog.ts";
import type { DocumentStore } from "../storage/document-store.ts";
import type { ConversionPool } from "./convert/pool.ts";
import type { Rooms } from "./rooms.ts";

/** What the verbs of this folder work with. */
export interface DocumentsParts {
  store: DocumentStore;
  catalog: Catalog;
  access: AccessControl;
  rooms: Rooms;
  render: ConversionPool;
  clock: Clock;
  log: Logger;
}
