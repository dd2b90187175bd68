"use client";

import type { OpenDocument, Peer } from "@octavo/client";
import { useSyncExternalStore } from "react";
import { usePresence, useStanding } from "./hooks.ts";
import { useMessages } from "./messages/messages.tsx";

/** How many faces fit beside a title in a window of at least this width; below the narrowest, none. */
const FACES = [
  { minWidth: 1280, faces: 4 },
  { minWidth: 1024, faces: 3 },
  { minWidth: 768, faces: 2 },
];

export interface PresenceAvatarsProps {
  /** The document of the surrounding editor where it is left out. */
  document?: OpenDocument | undefined;
}

/** The others in the document, most recently active first: up to four faces, as the window has room, and "+N". */
export function PresenceAvatars({ document }: PresenceAvatarsProps) {
  const people = onePerPerson(usePresence(document), useStanding(document).user?.id);
  const messages = useMessages();
  const room = useRoom();
  if (people.length === 0) return null;
  // Somebody alone takes no more room as a face than as "+1".
  const faces = people.length === 1 ? 1 : room;
  const others = people.slice(faces).map(({ user }) => user.name);
  return (
    <ul className="octavo-root octavo-avatars" aria-label={messages.people}>
      {people.slice(0, faces).map(({ user, away }) => {
        const name = away ? messages.personAway(user.name) : user.name;
        return (
          <li
            key={user.id}
            className="octavo-avatar"
            data-person={user.color}
            data-away={away || undefined}
            title={name}
          >
            <span aria-hidden="true">{initials(user.name)}</span>
            <span className="octavo-hidden">{name}</span>
          </li>
        );
      })}
      {others.length > 0 && (
        <li className="octavo-avatar octavo-avatar-more" title={others.join(", ")}>
          <span aria-hidden="true">{messages.peopleMore(others.length)}</span>
          <span className="octavo-hidden">{others.join(", ")}</span>
        </li>
      )}
    </ul>
  );
}

function useRoom(): number {
  return useSyncExternalStore(watchWidth, roomNow, () => 0);
}

function roomNow(): number {
  return FACES.find(({ minWidth }) => matchMedia(atLeast(minWidth)).matches)?.faces ?? 0;
}

function watchWidth(changed: () => void): () => void {
  const queries = FACES.map(({ minWidth }) => matchMedia(atLeast(minWidth)));
  for (const query of queries) query.addEventListener("change", changed);
  return () => {
    for (const query of queries) query.removeEventListener("change", changed);
  };
}

function atLeast(width: number): string {
  return `(width >= ${width}px)`;
}

/** Somebody with two tabs is one person, and oneself in another tab nobody. Present in one tab is present. */
export function onePerPerson(peers: readonly Peer[], selfId: string | undefined): readonly Peer[] {
  const people = new Map<string, Peer>();
  for (const peer of peers) {
    if (peer.user.id === selfId) continue;
    const known = people.get(peer.user.id);
    if (known === undefined || (known.away && !peer.away)) people.set(peer.user.id, peer);
  }
  return [...people.values()];
}

/** Up to two letters: of the first and the last word of a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    word => [...(word ?? "")][0] ?? "",
  );
  return letters.join("").toLocaleUpperCase();
}
