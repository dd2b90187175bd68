"use client";

import type { Messages } from "../messages/en.ts";
import { useMessages } from "../messages/messages.tsx";
import { useRovingFocus } from "./use-roving-focus.ts";

type Name = keyof Messages["colors"];

/** Stored as they look on white paper, at 5.6:1 or more; the stylesheet knows for each what it is in the dark. */
const TEXT: Readonly<Record<Name, string>> = {
  gray: "#6b665e",
  red: "#b3261e",
  orange: "#a83902",
  yellow: "#8a5601",
  green: "#17780f",
  teal: "#0c7365",
  blue: "#0465af",
  purple: "#5d4fb9",
};

/** Behind text; also these have their counterparts in the stylesheet. */
const MARK: Readonly<Record<Name, string>> = {
  gray: "#e6e2dc",
  red: "#f9d0d0",
  orange: "#fbdcc0",
  yellow: "#fbe6a2",
  green: "#cfecd2",
  teal: "#c8ece6",
  blue: "#d0e4fa",
  purple: "#e3d8f7",
};

export interface ColorPanelProps {
  kind: "text" | "mark";
  value: string | undefined;
  onChoose: (color: string | undefined) => void;
}

/** A row of colours and "None". */
export function ColorPanel({ kind, value, onChoose }: ColorPanelProps) {
  const messages = useMessages();
  const { focus: _focus, ...roving } = useRovingFocus();
  const colors = Object.entries(kind === "text" ? TEXT : MARK) as [Name, string][];
  return (
    <div
      {...roving}
      className="octavo-colors"
      role="toolbar"
      aria-label={kind === "text" ? messages.color : messages.highlight}
    >
      <button
        type="button"
        className="octavo-color octavo-color-none"
        aria-label={messages.noColor}
        aria-pressed={value === undefined}
        title={messages.noColor}
        onClick={() => onChoose(undefined)}
      />
      {colors.map(([name, color]) => (
        <button
          key={name}
          type="button"
          className="octavo-color"
          aria-label={messages.colors[name]}
          aria-pressed={value === color}
          title={messages.colors[name]}
          onClick={() => onChoose(color)}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <rect width="16" height="16" rx="3" fill={color} />
          </svg>
        </button>
      ))}
    </div>
  );
}
