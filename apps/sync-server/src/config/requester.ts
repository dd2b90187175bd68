import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { BlockList, isIP } from "node:net";

/** Who asks, after the proxies that are trusted have been believed. */
export interface Requester {
  /** Address of the person's machine as far as it is known; IPv4 never in its IPv6 form. */
  address: string;
  protocol: "http" | "https";
  /** Host and port as the browser sees them. */
  host: string;
  /** True for our own pages, which ask for the visitor that the other fields describe. */
  isOurPages: boolean;
}

/** What is read of a request; `IncomingMessage` fits. */
export interface RequestHead {
  headers: IncomingHttpHeaders;
  socket: { remoteAddress?: string | undefined };
}

const NETWORKS: Record<string, readonly string[]> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"],
};

/** Header by which our own pages prove, with the secret of this start, that they ask for a visitor. */
export const INTERNAL_HEADER = "x-octavo-internal";
/** Header in which the pages name that visitor's address. */
export const CLIENT_ADDRESS_HEADER = "x-octavo-client-address";

/**
 * Reads who asks from a request's socket and, where the list of TRUST_PROXY allows it, from X-Forwarded-*. What our
 * own pages ask counts as asked by the visitor they render for.
 */
export function createRequesterReader(
  trustProxy: readonly string[],
  internalSecret: string,
): (request: RequestHead) => Requester {
  const trusted = networksOf(trustProxy);
  const isTrusted = (address: string) => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 6 ? "ipv6" : "ipv4");
  };

  return request => {
    if (hasSecret(request.headers[INTERNAL_HEADER], internalSecret)) return visitorOf(request.headers);
    const peer = plainAddress(request.socket.remoteAddress ?? "");
    const host = hostOf(request.headers.host);
    if (!isTrusted(peer)) return { address: peer, protocol: "http", host, isOurPages: false };
    return {
      address: clientAddress(peer, request.headers["x-forwarded-for"], isTrusted),
      protocol: last(request.headers["x-forwarded-proto"]) === "https" ? "https" : "http",
      host: hostOf(last(request.headers["x-forwarded-host"]) || request.headers.host),
      isOurPages: false,
    };
  };
}

/**
 * Removes from a request what nobody outside may say: who it is for and over which proxies it came. To be called
 * once, after the requester was read, so that no part behind the door can believe such a header by mistake.
 */
export function removeClaims(request: { headers: IncomingHttpHeaders; rawHeaders: string[] }): void {
  const isClaim = (name: string) => /^(x-octavo-.*|x-forwarded-.*|forwarded|x-real-ip|x-nonce)$/i.test(name);
  for (const name of Object.keys(request.headers)) if (isClaim(name)) delete request.headers[name];
  const pairs = request.rawHeaders.flatMap((name, index, all) =>
    index % 2 === 0 ? [[name, all[index + 1] ?? ""]] : [],
  );
  request.rawHeaders = pairs.filter(([name = ""]) => !isClaim(name)).flat();
}

function hasSecret(header: string | string[] | undefined, secret: string): boolean {
  const [given, wanted] = [Buffer.from(textOf(header)), Buffer.from(secret)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** The pages send on what the door told them. */
function visitorOf(headers: IncomingHttpHeaders): Requester {
  return {
    address: plainAddress(textOf(headers[CLIENT_ADDRESS_HEADER])),
    protocol: textOf(headers["x-forwarded-proto"]) === "https" ? "https" : "http",
    host: hostOf(textOf(headers["x-forwarded-host"])),
    isOurPages: true,
  };
}

/** Walks X-Forwarded-For from our side: the first hop that is not trusted is the client, whatever stands before it. */
function clientAddress(
  peer: string,
  header: string | string[] | undefined,
  isTrusted: (address: string) => boolean,
): string {
  let client = peer;
  for (const hop of textOf(header).split(",").reverse()) {
    const address = plainAddress(hop.trim());
    if (isIP(address) === 0) return client;
    client = address;
    if (!isTrusted(address)) return client;
  }
  return client;
}

/** "::ffff:10.0.0.1" is 10.0.0.1, "[::1]:80" is ::1, "10.0.0.1:80" is 10.0.0.1. */
function plainAddress(text: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ?? text;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  return mapped ?? bare.replace(/%.*$/, "");
}

function networksOf(list: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of list.flatMap(name => NETWORKS[name] ?? [name])) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    networks.addSubnet(
      address,
      prefix === undefined ? (family === "ipv6" ? 128 : 32) : Number(prefix),
      family,
    );
  }
  return networks;
}

/** A host that is none (spaces, slashes, a user part) becomes empty: it goes into links and cookies. */
function hostOf(text: string | undefined): string {
  return text !== undefined && /^(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?$/.test(text) ? text : "";
}

/** The value that the nearest proxy wrote. */
function last(header: string | string[] | undefined): string {
  return textOf(header).split(",").at(-1)?.trim() ?? "";
}

function textOf(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(",") : (header ?? "");
}
