/**
 * Runs inside the pages' process: loads the server that `next build` made, and ends with its parent. The channel to
 * the parent closes also when the parent is killed without a word.
 */
import { pathToFileURL } from "node:url";

const [, , serverFile] = process.argv;
if (serverFile === undefined || process.channel === undefined) {
  throw new TypeError("This is started by the sync server, with the path of the pages' server.");
}

process.on("disconnect", () => process.exit(0));
// Ctrl+C reaches the whole process group; the pages answer until the parent has let everybody go.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});

await import(pathToFileURL(serverFile).href);
