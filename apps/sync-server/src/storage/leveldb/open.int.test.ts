import { join } from "node:path";
import { temporaryDirectory } from "@octavo/test-kit/temp-directory";
import { systemClock } from "../../clock.ts";
import { documentStoreContract } from "../contract.ts";
import { defaultLevel } from "./database.ts";
import { diskFull, faultyLevel } from "./faulty-level.ts";
import { openLevelDocumentStore } from "./open.ts";

documentStoreContract("LevelDB", async () => {
  let isBroken = false;
  const directory = await temporaryDirectory();
  const { level } = faultyLevel(defaultLevel, () => (isBroken ? { error: diskFull() } : undefined));
  return {
    store: await openLevelDocumentStore({
      directory: join(directory.path, "documents"),
      clock: systemClock,
      level,
    }),
    break: () => {
      isBroken = true;
    },
    heal: () => {
      isBroken = false;
    },
    dispose: directory.remove,
  };
});
