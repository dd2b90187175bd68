import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { createNetwork, type Network } from "./network.ts";
import { createRandom } from "./random.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that answers each byte with itself, behind a proxy. */
async function echo(): Promise<{ network: Network; received: () => number }> {
  let received = 0;
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", chunk => {
      received += chunk.length;
      socket.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const network = await createNetwork((server.address() as AddressInfo).port, createRandom(1));
  cleanups.push(() => network.close());
  return { network, received: () => received };
}

/** A client of the proxy that keeps what it hears. */
async function dial(
  network: Network,
): Promise<{ socket: Socket; heard: () => string; closed: () => boolean }> {
  const socket = connect(network.port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  let heard = "";
  let closed = false;
  socket.on("data", chunk => {
    heard += chunk.toString();
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    closed = true;
  });
  await eventually(() => !socket.connecting);
  return { socket, heard: () => heard, closed: () => closed };
}

describe("network", () => {
  it("passes bytes both ways and counts them", async () => {
    const { network } = await echo();
    const client = await dial(network);
    client.socket.write("hello");
    await eventually(() => client.heard() === "hello");
    expect(network.bytes).toEqual({ toServer: 5, toClient: 5 });
  });

  it("delays in order", async () => {
    const { network } = await echo();
    network.delay(20, 30);
    const client = await dial(network);
    const start = performance.now();
    for (const letter of "abcdefgh") client.socket.write(letter);
    await eventually(() => client.heard() === "abcdefgh");
    expect(performance.now() - start).toBeGreaterThan(39);
  });

  it("holds bytes while stalled and delivers them when healed", async () => {
    const { network, received } = await echo();
    const client = await dial(network);
    network.stall();
    client.socket.write("later");
    const other = await dial(network);
    other.socket.write("also");
    await eventually(() => network.connections === 2);
    expect(received()).toBe(0);
    network.heal();
    await eventually(() => client.heard() === "later" && other.heard() === "also");
  });

  it("loses bytes while half-open, keeps the connection, and cuts it when healed", async () => {
    const { network, received } = await echo();
    const client = await dial(network);
    client.socket.write("1");
    await eventually(() => client.heard() === "1");
    network.swallow("to-client");
    client.socket.write("2");
    await eventually(() => received() === 2);
    expect(client.closed()).toBe(false);
    network.heal();
    await eventually(() => client.closed());
    expect(client.heard()).toBe("1");
  });

  it("cuts what is open and refuses what is new until healed", async () => {
    const { network } = await echo();
    const client = await dial(network);
    await eventually(() => network.connections === 1);
    network.down();
    await eventually(() => client.closed());
    const refused = await dial(network);
    await eventually(() => refused.closed());
    network.heal();
    const again = await dial(network);
    again.socket.write("x");
    await eventually(() => again.heard() === "x");
  });

  it("cuts in the middle of a stream", async () => {
    const { network, received } = await echo();
    const client = await dial(network);
    await eventually(() => network.connections === 1);
    network.cutAfter(500);
    client.socket.write("y".repeat(1000));
    await eventually(() => client.closed());
    expect(received()).toBeLessThanOrEqual(500);
  });

  it("answers upgrades with 403 and lets other requests pass", async () => {
    const { network } = await echo();
    network.blockUpgrades();
    const upgrade = await dial(network);
    upgrade.socket.write("GET /sync/v1/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");
    await eventually(() => upgrade.heard().startsWith("HTTP/1.1 403") && upgrade.closed());
    const plain = await dial(network);
    plain.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually(() => plain.heard().startsWith("GET /"));
  });
});
