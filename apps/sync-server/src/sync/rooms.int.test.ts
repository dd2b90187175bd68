import { BODY_FRAGMENT } from "@octavo/schema/protocol";
import { eventually } from "@octavo/test-kit";
import { expect, test } from "vitest";
import { type Doc, XmlElement, XmlText } from "yjs";
import { startSyncServer } from "../../test/harness.ts";

/** Appends a paragraph with this text. */
export function writeParagraph(document: Doc, text: string): void {
  const paragraph = new XmlElement("paragraph");
  paragraph.insert(0, [new XmlText(text)]);
  const body = document.getXmlFragment(BODY_FRAGMENT);
  body.insert(body.length, [paragraph]);
}

export const textOf = (document: Doc) => document.getXmlFragment(BODY_FRAGMENT).toString();

test("two people write in one document", async () => {
  await using server = await startSyncServer();
  const documentId = await server.create();
  const [alice, bob] = [server.client(documentId), server.client(documentId, { token: "bob" })];
  await alice.synced();
  await bob.synced();
  writeParagraph(alice.document, "from alice");
  writeParagraph(bob.document, "from bob");
  await alice.saved();
  await bob.saved();
  await eventually(() => textOf(alice.document).includes("from bob"));
  await eventually(() => textOf(bob.document) === textOf(alice.document));
  expect(alice.messages[0]).toMatchObject({ type: "welcome", role: "editor", writable: true });
  expect(alice.ledger.acked.length).toBeGreaterThan(0);
});
