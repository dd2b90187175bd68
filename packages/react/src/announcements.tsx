"use client";

import type { OpenDocument, Peer, SaveState, Standing } from "@octavo/client";
import { useEffect, useRef, useState } from "react";
import { usePresence, useSaveState, useStanding } from "./hooks.ts";
import type { Messages } from "./messages/en.ts";
import { useMessages } from "./messages/messages.tsx";
import { onePerPerson } from "./presence-avatars.tsx";

/** Spoken texts are taken out again, so that nobody finds an old one when reading the page. */
const CLEARED_AFTER_MS = 5_000;
/** People who come and go are named together, and not more often than this. */
const PEOPLE_BATCH_MS = 2_000;
const PEOPLE_GAP_MS = 10_000;

/** Two live regions: what is said when it is convenient, and what is said at once. */
export function Announcements({ document }: { document: OpenDocument | undefined }) {
  const messages = useMessages();
  const polite = useSpoken();
  const assertive = useSpoken();
  const saveState = useSaveState(document);
  const standing = useStanding(document);
  const peers = usePresence(document);
  const before = useRef<{ saveState: SaveState; standing: Standing }>({ saveState, standing });

  useEffect(() => {
    const was = before.current;
    // What is under way is no news: after a trouble it leads back to "Saved", and that is said then.
    const isUnderWay = saveState.kind === "saving" || saveState.kind === "writing";
    before.current = { saveState: isUnderWay ? was.saveState : saveState, standing };
    const urgent = urgentText(was, before.current, messages);
    if (urgent !== undefined) assertive.say(urgent);
    const calm = calmText(was.saveState, saveState, messages);
    if (calm !== undefined) polite.say(calm);
  }, [saveState, standing, messages, polite.say, assertive.say]);
  usePeopleSpoken(onePerPerson(peers, standing.user?.id), polite.say);

  return (
    <>
      <div className="octavo-hidden" aria-live="polite">
        {polite.text}
      </div>
      <div className="octavo-hidden" aria-live="assertive">
        {assertive.text}
      </div>
    </>
  );
}

interface Moment {
  saveState: SaveState;
  standing: Standing;
}

function urgentText(was: Moment, is: Moment, messages: Messages): string | undefined {
  if (is.saveState.kind === "cannot-save" && was.saveState.kind !== "cannot-save") {
    const { code } = is.saveState;
    return messages.cannotSaveSaid(messages.reasons[code] ?? messages.reasonOther(code));
  }
  if (was.standing.role === undefined || was.standing.isWritable === is.standing.isWritable) return undefined;
  return is.standing.isWritable ? messages.roleRaised : messages.roleLowered;
}

function calmText(was: SaveState, is: SaveState, messages: Messages): string | undefined {
  if (was.kind === is.kind) return undefined;
  if (is.kind === "offline-not-kept") return messages.offlineSaid;
  const wasTrouble = was.kind === "offline-not-kept" || was.kind === "cannot-save";
  return wasTrouble && is.kind === "saved" ? messages.backOnline : undefined;
}

function useSpoken(): { text: string; say: (text: string) => void } {
  const [text, setText] = useState("");
  useEffect(() => {
    if (text === "") return;
    const timer = setTimeout(() => setText(""), CLEARED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return { text, say: setText };
}

/** Says who came and went since the last time; the first time only how many are here. */
function usePeopleSpoken(people: readonly Peer[], say: (text: string) => void): void {
  const messages = useMessages();
  const spoken = useRef<{ names: Map<string, string>; at: number } | undefined>(undefined);
  const key = people
    .map(({ user }) => user.id)
    .sort()
    .join("\n");
  const latest = useRef(people);
  useEffect(() => {
    latest.current = people;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: only who is here matters, not what they do
  useEffect(() => {
    const sinceMs = Date.now() - (spoken.current?.at ?? 0);
    const timer = setTimeout(
      () => {
        const names = new Map(latest.current.map(({ user }) => [user.id, user.name]));
        const known = spoken.current?.names;
        spoken.current = { names, at: Date.now() };
        const text = known === undefined ? hereText(names, messages) : changeText(known, names, messages);
        if (text !== "") say(text);
      },
      Math.max(PEOPLE_BATCH_MS, PEOPLE_GAP_MS - sinceMs),
    );
    return () => clearTimeout(timer);
  }, [key, messages, say]);
}

function hereText(names: ReadonlyMap<string, string>, messages: Messages): string {
  return names.size === 0 ? "" : messages.othersHere(names.size);
}

function changeText(
  was: ReadonlyMap<string, string>,
  is: ReadonlyMap<string, string>,
  messages: Messages,
): string {
  const missing = (from: ReadonlyMap<string, string>, of: ReadonlyMap<string, string>) =>
    [...of].filter(([id]) => !from.has(id)).map(([, name]) => name);
  const joined = missing(was, is);
  const left = missing(is, was);
  return [joined.length > 0 ? messages.joined(joined) : "", left.length > 0 ? messages.left(left) : ""]
    .filter(text => text !== "")
    .join(". ");
}
