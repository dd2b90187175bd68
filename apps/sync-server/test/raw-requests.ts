import { SCHEMA_VERSION } from "@octavo/schema/document";
import { problem } from "@octavo/schema/http";
import {
  CLOSE_HEADER,
  type CloseNotice,
  CONNECTION_HEADER,
  closeNotice,
  connectionOpened,
  EVENT_STREAM_TYPE,
  eventsPath,
  FRAME_HEADER,
  FRAMES_TYPE,
  framesReceived,
  type Handshake,
  LAST_EVENT_HEADER,
  readFrames,
  writeFrames,
} from "@octavo/schema/protocol";
import { written } from "./bytes.ts";
import { readFrame, type ServerFrame } from "./raw-client.ts";

type Parts = Parameters<typeof written>;

export interface RawRequestsOptions {
  url: string;
  documentId: string;
  token?: string;
  handshake?: Handshake;
  headers?: Record<string, string>;
}

/** What a poll was answered with. */
export type PollAnswer =
  | { kind: "frames"; first: number; frames: ServerFrame[]; notice: CloseNotice | undefined }
  | { kind: "nothing" }
  | { kind: "close"; notice: CloseNotice }
  | { kind: "problem"; status: number; code: string };

/** A connection over HTTP whose every request a test makes itself. */
export class RawRequests {
  readonly url: string;
  connection = "";
  readonly #options: RawRequestsOptions;

  constructor(options: RawRequestsOptions) {
    this.#options = options;
    this.url = options.url + eventsPath(options.documentId, options.handshake ?? { schema: SCHEMA_VERSION });
  }

  /** A connection whose first frame said who this is. */
  static async open(options: RawRequestsOptions): Promise<RawRequests> {
    const client = new RawRequests(options);
    const response = await client.request("POST", {}, writeFrames([client.auth()]));
    client.connection = connectionOpened.parse(await response.json()).connection;
    return client;
  }

  request(
    method: string,
    headers: Record<string, string>,
    body?: Uint8Array<ArrayBuffer>,
  ): Promise<Response> {
    return fetch(this.url, {
      method,
      headers: {
        ...(this.connection && { [CONNECTION_HEADER]: this.connection }),
        ...this.#options.headers,
        ...headers,
      },
      ...(body && { body }),
    });
  }

  /** The bytes of a frame of these parts after the address. */
  frame(...parts: Parts): Uint8Array {
    return written(this.#options.documentId, ...parts);
  }

  auth(): Uint8Array {
    return this.frame(2, 0, this.#options.token ?? "alice");
  }

  post(first: number, frames: readonly Uint8Array[]): Promise<Response> {
    return this.request(
      "POST",
      { [FRAME_HEADER]: String(first), "content-type": FRAMES_TYPE },
      writeFrames(frames),
    );
  }

  /** The number of the last frame that the server took, or the code with which it refused. */
  async send(first: number, ...frames: Uint8Array[]): Promise<number | string> {
    const response = await this.post(first, frames);
    const body: unknown = await response.json();
    return response.ok ? framesReceived.parse(body).received : problem.parse(body).code;
  }

  async poll(last: number): Promise<PollAnswer> {
    const response = await this.request("GET", { [LAST_EVENT_HEADER]: String(last) });
    if (response.status === 204) return { kind: "nothing" };
    if (!response.ok)
      return { kind: "problem", status: response.status, code: problem.parse(await response.json()).code };
    if (response.headers.get("content-type") === "application/json")
      return { kind: "close", notice: closeNotice.parse(await response.json()) };
    const frames = readFrames(new Uint8Array(await response.arrayBuffer()), Number.POSITIVE_INFINITY) ?? [];
    const close = response.headers.get(CLOSE_HEADER);
    return {
      kind: "frames",
      first: Number(response.headers.get(FRAME_HEADER)),
      frames: frames.map(readFrame),
      notice: close === null ? undefined : closeNotice.parse(JSON.parse(close)),
    };
  }

  async stream(last: number): Promise<RawStream> {
    const headers = { accept: EVENT_STREAM_TYPE, [LAST_EVENT_HEADER]: String(last) };
    return new RawStream(await this.request("GET", headers));
  }

  close(): Promise<Response> {
    return this.request("POST", { [CLOSE_HEADER]: "1" });
  }
}

/** An event stream as it comes, in the words of the wire. */
export class RawStream {
  readonly response: Response;
  readonly frames: { id: number; frame: ServerFrame }[] = [];
  pings = 0;
  close: CloseNotice | undefined;
  isOver = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.response = response;
    this.#reader = response.body!.getReader();
    void this.#read();
  }

  get lastEvent(): number {
    return this.frames.at(-1)?.id ?? 0;
  }

  cut(): Promise<void> {
    return this.#reader.cancel();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = events.pop()!;
        for (const event of events) this.#take(event);
      }
    } catch {
      // Cut: that is all there is to know.
    }
    this.isOver = true;
  }

  #take(event: string): void {
    if (event === ": ping") this.pings++;
    const fields = Object.fromEntries(event.split("\n").map(line => line.split(/: (.*)/s, 2)));
    if (fields.event === "close") this.close = closeNotice.parse(JSON.parse(fields.data));
    if (fields.event !== undefined || fields.data === undefined) return;
    const frame = readFrame(new Uint8Array(Buffer.from(fields.data, "base64")));
    this.frames.push({ id: Number(fields.id), frame });
  }
}
