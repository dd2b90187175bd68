/** One event of a stream; without a name it is a message. */
export interface StreamEvent {
  name: string;
  data: string;
  id: string;
}

/** Reads an event stream (WHATWG HTML, 9.2.6) as it arrives, in pieces of any length; of a data field one line. */
export class EventReader {
  private readonly decoder = new TextDecoder();
  private readonly onEvent: (event: StreamEvent) => void;
  /** Pieces of the line that has no end yet; joined once, or a long line would be copied with each of them. */
  private pieces: string[] = [];
  private event: StreamEvent = { name: "", data: "", id: "" };

  constructor(onEvent: (event: StreamEvent) => void) {
    this.onEvent = onEvent;
  }

  push(bytes: Uint8Array): void {
    const lines = this.decoder.decode(bytes, { stream: true }).split("\n");
    const rest = lines.pop() as string;
    for (const line of lines) {
      this.pieces.push(line);
      const whole = this.pieces.join("");
      this.pieces = [];
      this.read(whole.endsWith("\r") ? whole.slice(0, -1) : whole);
    }
    if (rest !== "") this.pieces.push(rest);
  }

  private read(line: string): void {
    if (line === "") {
      const { event } = this;
      this.event = { name: "", data: "", id: "" };
      if (event.data !== "" || event.name !== "") this.onEvent(event);
      return;
    }
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("data:")) this.event.data = value;
    else if (line.startsWith("id:")) this.event.id = value;
    else if (line.startsWith("event:")) this.event.name = value;
  }
}
