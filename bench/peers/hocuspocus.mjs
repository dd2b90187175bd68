/**
 * Hocuspocus as most people set it up: its own Server, the Database extension, the whole state of a document under
 * one key of a LevelDB. Debounce and everything else as they come.
 */
import { Database } from "@hocuspocus/extension-database";
import { Server } from "@hocuspocus/server";
import { Level } from "level";

const states = new Level(process.env.DATA_DIR, { valueEncoding: "view" });
await states.open();

const server = new Server({
  port: Number(process.env.PORT),
  address: "127.0.0.1",
  quiet: true,
  extensions: [
    new Database({
      fetch: async ({ documentName }) => (await states.get(documentName)) ?? null,
      store: async ({ documentName, state }) => states.put(documentName, state),
    }),
  ],
});
await server.listen();
