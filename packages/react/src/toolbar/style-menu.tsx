"use client";

import type { Editor } from "@tiptap/core";
import { Check, ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useMessages } from "../messages/messages.tsx";
import { useRoot } from "../root-context.ts";
import { keepSelection } from "./tool-button.tsx";

export const HEADING_LEVELS = [1, 2, 3, 4, 5, 6] as const;
export type Level = (typeof HEADING_LEVELS)[number];

/** What the block at the caret is: text or a heading of a level. */
export function StyleMenu(props: { editor: Editor | null; level: Level | undefined; isOff: boolean }) {
  const { editor, level, isOff } = props;
  const messages = useMessages();
  const root = useRoot();
  const current = level === undefined ? messages.text : messages.heading(level);
  const apply = (value: string) => {
    const chain = editor?.chain().focus();
    const chosen = HEADING_LEVELS.find(each => String(each) === value);
    if (chosen === undefined) chain?.setParagraph().run();
    else chain?.setHeading({ level: chosen }).run();
  };
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button
          type="button"
          className="octavo-style-button"
          aria-label={`${messages.style}: ${current}`}
          aria-disabled={isOff || undefined}
          onMouseDown={keepSelection}
          onPointerDownCapture={event => isOff && event.preventDefault()}
        >
          <span>{current}</span>
          <ChevronDown size={14} strokeWidth={1.5} aria-hidden="true" />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal container={root}>
        <DropdownMenu.Content
          className="octavo-menu"
          align="start"
          sideOffset={6}
          collisionPadding={8}
          onCloseAutoFocus={event => {
            event.preventDefault();
            editor?.view.focus();
          }}
        >
          <DropdownMenu.RadioGroup value={String(level ?? "text")} onValueChange={apply}>
            {["text", ...HEADING_LEVELS].map(value => (
              <DropdownMenu.RadioItem
                key={value}
                value={String(value)}
                className="octavo-menu-item"
                data-style={value}
                disabled={isOff}
              >
                <span>{typeof value === "number" ? messages.heading(value) : messages.text}</span>
                <DropdownMenu.ItemIndicator>
                  <Check size={16} strokeWidth={1.5} aria-hidden="true" />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
