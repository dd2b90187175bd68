import { pino } from "pino";
import { expect, test, vi } from "vitest";
import type { Derived } from "../storage/catalog/documents.ts";
import { startDeriving } from "./derive.ts";
import type { DocumentsParts } from "./parts.ts";

const paragraph = (text: string) => ({
  body: { type: "doc", content: [{ type: "paragraph", content: [{ type: "text", text }] }] },
  isWhole: true,
});

test("S5 a new snippet is written soon, a later time alone once a minute and at the end", async () => {
  vi.useFakeTimers();
  try {
    let now = 1_000_000;
    let text = "one";
    let tell: (documentId: string) => void = () => {};
    const written: Derived[] = [];
    const parts = {
      catalog: {
        documents: {
          setDerived: async (rows: readonly Derived[]) => {
            written.push(...rows);
            return [];
          },
        },
      },
      rooms: {
        onText: (listener: typeof tell) => {
          tell = listener;
          return () => {};
        },
        readBeginning: async () => paragraph(text),
        announce: () => {},
      },
      clock: { now: () => now, monotonic: () => now },
      log: pino({ level: "silent" }),
    } as unknown as DocumentsParts;
    const deriving = startDeriving(parts, 100);
    const change = async (afterMs: number) => {
      now += afterMs;
      tell("a");
      await vi.advanceTimersByTimeAsync(200);
    };
    await change(0);
    expect(written.map(({ snippet }) => snippet)).toEqual(["one"]);
    text = "two";
    await change(1_000);
    expect(written.map(({ snippet }) => snippet)).toEqual(["one", "two"]);
    await change(1_000);
    await change(1_000);
    expect(written).toHaveLength(2);
    now += 60_000;
    await vi.advanceTimersByTimeAsync(61_000);
    expect(written).toHaveLength(3);
    // A minute after the change that was written last.
    await change(1_000);
    expect(written).toHaveLength(4);
    await change(1_000);
    expect(written).toHaveLength(4);
    vi.useRealTimers();
    await deriving.close();
    expect(written).toHaveLength(5);
    expect(written.at(-1)).toMatchObject({ id: "a", snippet: "two", updatedAt: now });
  } finally {
    vi.useRealTimers();
  }
});
