"use client";

import type { OpenDocument, SaveState as State } from "@octavo/client";
import {
  Cloud,
  CloudAlert,
  CloudCheck,
  CloudOff,
  CloudUpload,
  Eye,
  type LucideIcon,
  RefreshCw,
} from "lucide-react";
import { useSaveState, useStanding } from "./hooks.ts";
import type { Messages } from "./messages/en.ts";
import { useMessages } from "./messages/messages.tsx";

const ICONS: Record<State["kind"], LucideIcon> = {
  opening: RefreshCw,
  saved: CloudCheck,
  writing: Cloud,
  saving: CloudUpload,
  reconnecting: RefreshCw,
  "offline-not-kept": CloudOff,
  "cannot-save": CloudAlert,
  "view-only": Eye,
};

export interface SaveStateProps {
  /** The document of the surrounding editor where it is left out. */
  document?: OpenDocument | undefined;
  /** Name of the server in the tooltip; the page's host where it is left out. */
  host?: string | undefined;
}

/**
 * Whether the text is on the server's disk, as text and icon, at every width. The word "Saved" (`data-settled`) is there
 * only while nothing is without its ack; while somebody types and the acks keep up there is no word at all.
 */
export function SaveState({ document, host }: SaveStateProps) {
  const state = useSaveState(document);
  const { user } = useStanding(document);
  const messages = useMessages();
  const Icon = ICONS[state.kind];
  const { label, hint } = describe(state, messages, host ?? globalThis.location?.host ?? "");
  return (
    <span
      className="octavo-root octavo-save-state"
      data-state={state.kind}
      data-settled={state.kind === "saved"}
      title={user?.guest ? `${hint} · ${user.name}` : hint}
    >
      <Icon size={20} strokeWidth={1.5} aria-hidden="true" />
      <span>{label}</span>
    </span>
  );
}

function describe(state: State, messages: Messages, host: string): { label: string; hint: string } {
  switch (state.kind) {
    case "opening":
      return { label: messages.opening, hint: messages.openingHint };
    case "saved":
      return {
        label: messages.saved,
        hint:
          state.at === undefined
            ? messages.savedHintNoTime(host)
            : messages.savedHint(host, new Date(state.at).toLocaleTimeString()),
      };
    case "writing":
      return { label: "", hint: messages.savingHint };
    case "saving":
      return { label: messages.saving, hint: messages.savingHint };
    case "reconnecting":
      return { label: messages.reconnecting, hint: messages.reconnectingHint };
    case "offline-not-kept":
      return { label: messages.offline, hint: messages.offlineHint(state.unsentEdits) };
    case "cannot-save":
      return {
        label: messages.cannotSave,
        hint: messages.reasons[state.code] ?? messages.reasonOther(state.code),
      };
    case "view-only":
      return { label: messages.viewOnly, hint: messages.viewOnlyHint(state.role) };
  }
}
