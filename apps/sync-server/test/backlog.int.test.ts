import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { LIMITS } from "@octavo/schema";
import { startServerProcess } from "@octavo/test-kit";
import { expect, test } from "vitest";

/** More than Node's own 511, which Linux rounds up a little. */
const CLIENTS = 1_000;
/** A connection request that found no place is repeated after a second. */
const REPEATED_MS = 1_000;

test("M6 a thousand who come while the server is busy are all held by the kernel, none has to knock twice", async ({
  skip,
}) => {
  // Another system, or one that allows fewer.
  const allowed = await readFile("/proc/sys/net/core/somaxconn", "utf8").catch(() => "0");
  if (Number(allowed) < LIMITS.listenBacklog) skip();
  await using server = await startServerProcess();
  server.signal("SIGSTOP");
  const startedAt = performance.now();
  const sockets: Socket[] = [];
  try {
    await Promise.all(
      Array.from({ length: CLIENTS }, () => {
        const socket = connect(server.port, "127.0.0.1");
        sockets.push(socket);
        return once(socket, "connect");
      }),
    );
    expect(performance.now() - startedAt).toBeLessThan(REPEATED_MS);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.signal("SIGCONT");
  }
});
