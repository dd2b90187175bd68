"use client";

import type { OpenDocument, Peer } from "@octavo/client";
import { usePresence, useStanding } from "./hooks.ts";
import { useMessages } from "./messages/messages.tsx";

const MOST = 4;

export interface PresenceAvatarsProps {
  /** The document of the surrounding editor where it is left out. */
  document?: OpenDocument | undefined;
}

/** The others in the document, most recently active first: at most four faces and "+N"; fewer where it is narrow. */
export function PresenceAvatars({ document }: PresenceAvatarsProps) {
  const people = onePerPerson(usePresence(document), useStanding(document).user?.id);
  const messages = useMessages();
  if (people.length === 0) return null;
  const hidden = people.length - MOST;
  return (
    <ul className="octavo-root octavo-avatars" aria-label={messages.people}>
      {people.slice(0, MOST).map(({ user, away }) => {
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
      {hidden > 0 && (
        <li
          className="octavo-avatar octavo-avatar-more"
          title={people
            .slice(MOST)
            .map(({ user }) => user.name)
            .join(", ")}
        >
          {messages.peopleMore(hidden)}
        </li>
      )}
    </ul>
  );
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
