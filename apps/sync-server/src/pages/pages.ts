import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "../clock.ts";
import { platformEnvironment } from "../config/env.ts";
import { CLIENT_ADDRESS_HEADER, INTERNAL_HEADER, type Requester } from "../config/requester.ts";
import { type Log, pathForLog } from "../logging/logger.ts";
import { type PageProcess, runPageProcess } from "./page-process.ts";
import { PageProxy, type ProxyTarget } from "./proxy.ts";
import { contentSecurityPolicy, type SecurityOptions, securityHeaders } from "./security-headers.ts";
import { answerUnavailable } from "./unavailable.ts";

export interface PagesOptions extends SecurityOptions {
  /** Where the pages run; undefined starts them here. */
  editorUrl: string | undefined;
  /** Under which the pages' server side reaches our API. */
  internalUrl: string;
  internalSecret: string;
  clock: Clock;
  log: Log;
  /** The pages' server, where it is not the one of this repository's build. */
  serverFile?: string;
}

/** Everything on the door that is not ours: handed to the pages. */
export interface Pages {
  /** The request's own claims about its origin must have been removed. */
  handle(request: IncomingMessage, response: ServerResponse, requester: Requester): void;
  /** The hot-reload socket; any other, and any outside development, is closed. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester): void;
  close(): Promise<void>;
}

/** The standalone server of the build, from src/pages and from dist/pages alike. */
const BUILT_SERVER = fileURLToPath(
  new URL("../../../editor/.next/standalone/apps/editor/server.js", import.meta.url),
);
/** Files of the build: no page, so no policy. Their names change with their content. */
const BUILD_FILES = "/_next/static/";
const HOT_RELOAD = "/_next/";

/** Starts the pages, or finds them at `editorUrl`. @throws Error where they were never built */
export function startPages(options: PagesOptions): Pages {
  const child = options.editorUrl === undefined ? startChild(options) : undefined;
  const proxy = new PageProxy();

  function targetOf(
    request: IncomingMessage,
    requester: Requester,
    onUnreachable: () => void,
  ): ProxyTarget | undefined {
    const origin = options.editorUrl ?? child?.origin();
    if (origin === undefined) return undefined;
    const path = request.url ?? "/";
    const policy = path.startsWith(BUILD_FILES)
      ? {}
      : {
          "content-security-policy": contentSecurityPolicy(
            randomBytes(16).toString("base64"),
            requester,
            options,
          ),
        };
    return {
      origin,
      requestHeaders: { ...visitorHeaders(requester, options.internalSecret), ...policy },
      responseHeaders: { ...securityHeaders(path, requester, options), ...policy },
      onUnreachable,
    };
  }

  return {
    handle(request, response, requester) {
      const onUnreachable = () => answerUnavailable(request, response, pathForLog(request.url));
      const target = targetOf(request, requester, onUnreachable);
      if (target) proxy.forward(request, response, target);
      else onUnreachable();
    },
    handleUpgrade(request, socket, head, requester) {
      const isHotReload = options.development && request.url?.startsWith(HOT_RELOAD) === true;
      const target = isHotReload ? targetOf(request, requester, () => socket.destroy()) : undefined;
      if (target) proxy.forwardUpgrade(request, socket, head, target);
      else socket.destroy();
    },
    async close() {
      proxy.close();
      await child?.close();
    },
  };
}

function startChild(options: PagesOptions): PageProcess {
  const serverFile = options.serverFile ?? BUILT_SERVER;
  if (!existsSync(serverFile)) throw new Error("The pages are not built. Run `npm run build` first.");
  const { clock, log } = options;
  const environment = {
    ...platformEnvironment(),
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
    // Signals are for the parent, which ends its child last.
    NEXT_MANUAL_SIG_HANDLE: "1",
    KEEP_ALIVE_TIMEOUT: "75000",
    OCTAVO_INTERNAL_URL: options.internalUrl,
    OCTAVO_INTERNAL_SECRET: options.internalSecret,
  };
  return runPageProcess({ serverFile, environment, clock, log });
}

/** Who asks, in the words that the pages hand back to our API when they ask for the visitor. */
function visitorHeaders(requester: Requester, internalSecret: string): OutgoingHttpHeaders {
  return {
    host: requester.host,
    "x-forwarded-host": requester.host,
    "x-forwarded-proto": requester.protocol,
    "x-forwarded-for": requester.address,
    [CLIENT_ADDRESS_HEADER]: requester.address,
    [INTERNAL_HEADER]: internalSecret,
  };
}
