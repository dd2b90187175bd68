"use client";

import type { Editor } from "@tiptap/core";
import type { LucideIcon } from "lucide-react";
import { Popover } from "radix-ui";
import type { ReactNode } from "react";
import { useRoot } from "../root-context.ts";
import { ToolButton } from "./tool-button.tsx";

export interface ToolPopoverProps {
  editor: Editor | null;
  icon: LucideIcon;
  name: string;
  tooltip?: string | undefined;
  isOn?: boolean | undefined;
  isOff: boolean;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  children: ReactNode;
}

/** A button that opens a small panel. Focus goes into the panel and comes back to the text, its selection as before. */
export function ToolPopover(props: ToolPopoverProps) {
  const { editor, icon, name, tooltip, isOn, isOff, isOpen, onOpenChange, children } = props;
  const root = useRoot();
  return (
    <Popover.Root open={isOpen} onOpenChange={open => onOpenChange(open && !isOff)}>
      <Popover.Anchor asChild>
        <span className="octavo-tool-anchor">
          <ToolButton
            icon={icon}
            name={name}
            tooltip={tooltip}
            isOn={isOn}
            isOff={isOff}
            opensMenu
            aria-haspopup="dialog"
            aria-expanded={isOpen}
            onClick={() => onOpenChange(!isOpen)}
          />
        </span>
      </Popover.Anchor>
      <Popover.Portal container={root}>
        <Popover.Content
          className="octavo-popover"
          aria-label={name}
          align="start"
          sideOffset={6}
          collisionPadding={8}
          onCloseAutoFocus={event => {
            event.preventDefault();
            editor?.view.focus();
          }}
          onInteractOutside={event => {
            // The button itself closes it: otherwise it would close here and open again there.
            if (event.target instanceof Element && event.target.closest('[aria-expanded="true"]'))
              event.preventDefault();
          }}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
