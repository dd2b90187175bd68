"use client";

import { ChevronDown, type LucideIcon } from "lucide-react";
import { Tooltip } from "radix-ui";
import type { ComponentProps, MouseEvent } from "react";
import { useRoot } from "../root-context.ts";

export interface ToolButtonProps extends Omit<ComponentProps<"button">, "children"> {
  icon: LucideIcon;
  /** Accessible name. */
  name: string;
  /** Tooltip, where it says more than the name. */
  tooltip?: string | undefined;
  /** A switch, and whether it is on; left out where it is none. */
  isOn?: boolean | undefined;
  /** Not usable at the moment, yet still reachable by arrow keys. */
  isOff?: boolean | undefined;
  opensMenu?: boolean | undefined;
}

/** A square button with an icon. The selection of the text stays where it is while it is pressed. */
export function ToolButton(props: ToolButtonProps) {
  const { icon: Icon, name, tooltip, isOn, isOff, opensMenu, onClick, ...rest } = props;
  const root = useRoot();
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>
        <button
          {...rest}
          type="button"
          className="octavo-tool"
          data-menu={opensMenu || undefined}
          aria-label={name}
          aria-pressed={isOn}
          aria-disabled={isOff || undefined}
          onMouseDown={keepSelection}
          onClick={event => {
            if (!isOff) onClick?.(event);
          }}
        >
          <Icon size={20} strokeWidth={1.5} aria-hidden="true" />
          {opensMenu && <ChevronDown size={12} strokeWidth={1.5} aria-hidden="true" />}
        </button>
      </Tooltip.Trigger>
      <Tooltip.Portal container={root}>
        <Tooltip.Content className="octavo-tooltip" sideOffset={6} collisionPadding={8}>
          {tooltip ?? name}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

export function keepSelection(event: MouseEvent): void {
  event.preventDefault();
}
