import { LIMITS } from "@octavo/schema";
import { EVENT_STREAM_TYPE } from "@octavo/schema/protocol";
import { EventReader } from "./event-reader.ts";
import { HttpSocket } from "./http-socket.ts";
import { CLOSED } from "./socket.ts";

/** The server says something every 15 s; after two and a half times nothing, the stream leads nowhere. */
const SILENCE_MS = LIMITS.streamPingMs * 2.5;
const SHORT_MS = 500;

/** Frames come down as events of a stream, which is asked for again where it was cut. */
export class EventStreamSocket extends HttpSocket {
  protected async listen(): Promise<void> {
    while (this.readyState !== CLOSED) {
      const startedAt = this.timers.now();
      await this.persist(() => this.readStream());
      // Some cut at once what they do not like; those that cut what is idle are come back to at once.
      if (this.timers.now() - startedAt < SHORT_MS) await this.wait(SHORT_MS);
    }
  }

  /** True where anything came. */
  private async readStream(): Promise<boolean> {
    let hasCome = false;
    const read = async (response: Response, renew: () => void): Promise<void> => {
      if (response.body === null || !isEventStream(response)) return;
      const reader = response.body.getReader();
      const events = new EventReader(event => this.eventCame(event));
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.readyState === CLOSED) return;
        renew();
        hasCome = true;
        this.opened();
        events.push(value);
        this.heard();
      }
    };
    await this.request("GET", { accept: EVENT_STREAM_TYPE }, { withinMs: SILENCE_MS, read });
    return hasCome;
  }

  private eventCame({ name, data, id }: { name: string; data: string; id: string }): void {
    if (name === "close") this.closeCame(JSON.parse(data));
    else if (name === "" && data !== "") this.frameCame(Number(id), bytesOf(data));
  }
}

function isEventStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith(EVENT_STREAM_TYPE) ?? false;
}

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes.buffer;
}
