import { describe, expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";
import {
  actorKey,
  archiveKey,
  checkpointKey,
  deletionKey,
  documentKey,
  logKey,
  logRange,
  ownerKey,
  readActorNo,
  readDocNo,
  readU64,
} from "./keys.ts";
import {
  DamagedRecord,
  decodeDocument,
  decodeNumber,
  decodeText,
  decodeUpdate,
  encodeDocument,
  encodeNumber,
  encodeText,
  encodeUpdate,
} from "./record.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const unhex = (text: string) => Buffer.from(text, "hex");

test("CRC-32C gives the values of RFC 3720 B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from("6789"), crc32c(Buffer.from("12345")))).toBe(0xe3069283);
});

describe("golden bytes: a store of format 1 opens for ever", () => {
  test("keys", () => {
    expect({
      document: hex(documentKey("abc")),
      log: hex(logKey(0x010203040506, 2 ** 40 + 7)),
      checkpoint: hex(checkpointKey(1, 500, 3)),
      owner: hex(ownerKey(1, 4_294_967_295)),
      actor: hex(actorKey(1, 2)),
      archive: hex(archiveKey(1, 1)),
      deletion: hex(deletionKey(9)),
    }).toEqual({
      document: "01616263",
      log: "030102030405060000010000000007",
      checkpoint: "0400000000000100000000000001f40003",
      owner: "0700000000000100000000ffffffff",
      actor: "0800000000000100000002",
      archive: "090000000000010000000000000001",
      deletion: "0a000000000009",
    });
  });

  test("log record: format, CRC-32C, flags, time, actor number, update", () => {
    const golden = "01c62d164800018bcfe56800ac020102030405";
    const key = logKey(1, 2);
    const record = { at: 1_700_000_000_000, actorNo: 300, update: unhex("0102030405") };
    expect(hex(encodeUpdate(key, record))).toBe(golden);
    expect(decodeUpdate(key, unhex(golden))).toEqual(record);
  });

  test("document record", () => {
    const golden =
      "01964c94557b22646f634e6f223a372c226d657461223a7b2265706f6368223a312c22736368656d6156657273696f6e" +
      "223a322c226b696e64223a22726177222c22637265617465644174223a337d2c22636865636b706f696e7473223a5b32302c31305d7d";
    const key = documentKey("abc");
    const meta = { epoch: 1, schemaVersion: 2, kind: "raw", createdAt: 3 } as const;
    const record = { docNo: 7, meta, checkpoints: [20, 10] };
    expect(hex(encodeDocument(key, record))).toBe(golden);
    expect(decodeDocument(key, unhex(golden))).toEqual(record);
  });

  test("number and text", () => {
    const key = ownerKey(1, 5);
    expect(hex(encodeNumber(key, 300))).toBe("015abcca48ac02");
    expect(decodeNumber(key, unhex("015abcca48ac02"))).toBe(300);
    expect(hex(encodeText(key, "user:é"))).toBe("0182f39dfb757365723ac3a9");
    expect(decodeText(key, unhex("0182f39dfb757365723ac3a9"))).toBe("user:é");
  });
});

describe("keys", () => {
  test("give their numbers back", () => {
    for (const number of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(readU64(logKey(1, number))).toBe(number);
    }
    expect(readActorNo(actorKey(3, 12))).toBe(12);
    expect(readDocNo(deletionKey(2 ** 48 - 1))).toBe(2 ** 48 - 1);
  });

  test("stand in the order of their numbers", () => {
    const keys = [logKey(1, 2 ** 32 - 1), logKey(1, 2 ** 32), logKey(2, 1), logKey(256, 1)];
    expect(keys.toSorted(Buffer.compare)).toEqual(keys);
  });

  test("of one document's log end before the next document's", () => {
    const { gte, lt } = logRange(1, 4);
    expect(Buffer.compare(gte, logKey(1, 5))).toBe(0);
    expect(Buffer.compare(lt, logKey(2, 0))).toBe(-1);
    expect(Buffer.compare(lt, logKey(1, 2 ** 52))).toBe(1);
  });
});

describe("a record", () => {
  const key = logKey(1, 2);
  const value = encodeUpdate(key, { at: 5, actorNo: 1, update: unhex("00ff00ff") });

  test("is given back for every size of actor number and time", () => {
    for (const actorNo of [0, 1, 127, 128, 16_383, 16_384, 2 ** 32 - 1]) {
      for (const at of [0, 2 ** 32, 2 ** 48 - 1]) {
        const record = { at, actorNo, update: unhex("") };
        const decoded = decodeUpdate(key, encodeUpdate(key, record));
        expect({ ...decoded, update: hex(decoded.update) }).toEqual({ ...record, update: "" });
      }
    }
  });

  test("with any flipped bit is damaged", () => {
    for (let bit = 0; bit < value.byteLength * 8; bit++) {
      const flipped = Buffer.from(value);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeUpdate(key, flipped)).toThrow(DamagedRecord);
    }
  });

  test("cut short, or under another key, is damaged", () => {
    for (let length = 0; length < value.byteLength; length++) {
      expect(() => decodeUpdate(key, value.subarray(0, length))).toThrow(DamagedRecord);
    }
    expect(() => decodeUpdate(logKey(1, 3), value)).toThrow(DamagedRecord);
  });
});
