import { LIMITS } from "@octavo/schema";
import {
  CLOSE_HEADER,
  FRAME_HEADER,
  FRAMES_TYPE,
  readFrameNumber,
  readFrames,
} from "@octavo/schema/protocol";
import { HttpSocket } from "./http-socket.ts";
import { CLOSED } from "./socket.ts";

/** An answer that is later than this is lost: the server gives it within `pollMs`. */
const ANSWER_MS = LIMITS.pollMs + 15_000;

/** Frames come down as answers to one request after the other. */
export class LongPollSocket extends HttpSocket {
  protected async listen(): Promise<void> {
    this.opened();
    while (this.readyState !== CLOSED) await this.persist(() => this.poll());
  }

  private poll(): Promise<boolean> {
    const read = async (response: Response): Promise<void> => {
      if (response.status === 204) return;
      const type = response.headers.get("content-type") ?? "";
      if (type.startsWith("application/json")) {
        this.closeCame(await response.json());
        return;
      }
      const first = readFrameNumber(response.headers.get(FRAME_HEADER));
      const body = new Uint8Array(await response.arrayBuffer());
      const frames = readFrames(body, Number.POSITIVE_INFINITY);
      // A page that a proxy made up is none of ours.
      if (!type.startsWith(FRAMES_TYPE) || first === undefined || frames === undefined)
        throw new TypeError("Not an answer of the server");
      for (const [index, frame] of frames.entries())
        this.frameCame(first + index, frame.slice().buffer as ArrayBuffer);
      const notice = response.headers.get(CLOSE_HEADER);
      if (notice !== null) this.closeCame(JSON.parse(notice));
    };
    return this.request("GET", {}, { withinMs: ANSWER_MS, read });
  }
}
