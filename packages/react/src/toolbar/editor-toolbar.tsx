"use client";

import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import { Baseline, Ellipsis, Highlighter, Image, Link, Table } from "lucide-react";
import { Tooltip } from "radix-ui";
import {
  Fragment,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useMessages } from "../messages/messages.tsx";
import { ColorPanel } from "./color-panel.tsx";
import { fit, type Sized } from "./fit.ts";
import { ImagePanel } from "./image-panel.tsx";
import { LinkPanel } from "./link-panel.tsx";
import { HEADING_LEVELS, StyleMenu } from "./style-menu.tsx";
import { TablePanel } from "./table-panel.tsx";
import { ToolButton } from "./tool-button.tsx";
import { ToolPopover } from "./tool-popover.tsx";
import { nameWithKeys, TOOLS } from "./tools.ts";
import { useRovingFocus } from "./use-roving-focus.ts";

/** What keys of the text do with the toolbar. */
export interface ToolbarHandle {
  /** Puts the focus where it was last in the toolbar. */
  focus(): void;
  editLink(): void;
}

export interface EditorToolbarProps {
  editor: Editor | null;
  /** False leaves every control in its place, but none does anything. */
  isEditable: boolean;
  control?: RefObject<ToolbarHandle | null> | undefined;
}

/** A control of the row: laid out by its size, drawn where there is room for it. */
interface Control extends Sized {
  draw: () => ReactNode;
}

const BUTTON_PX = 30;
const MENU_BUTTON_PX = 42;
const STYLE_PX = 116;
const PADDING_PX = 24;

/** The formatting bar: one row, one tab stop; what does not fit is in "More". Escape leads back to the text. */
export function EditorToolbar({ editor, isEditable, control }: EditorToolbarProps) {
  const messages = useMessages();
  const bar = useRef<HTMLDivElement | null>(null);
  const roving = useRovingFocus();
  const [open, setOpen] = useState<string>();
  const width = useWidth(bar);
  const facts = useFacts(editor);
  const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);
  const isOff = editor === null || !isEditable;
  const close = () => setOpen(undefined);

  useImperativeHandle(control, () => ({
    focus: roving.focus,
    editLink: () => !isOff && setOpen("link"),
  }));

  const popover = (
    id: string,
    icon: typeof Link,
    name: string,
    panel: (ready: Editor) => ReactNode,
    isOn?: boolean,
  ) => (
    <ToolPopover
      editor={editor}
      icon={icon}
      name={name}
      tooltip={id === "link" ? nameWithKeys(name, ["⌘K", "Ctrl+K"], isMac) : undefined}
      isOn={isOn}
      isOff={isOff}
      isOpen={open === id}
      onOpenChange={isOpen => setOpen(isOpen ? id : undefined)}
    >
      {editor !== null && panel(editor)}
    </ToolPopover>
  );
  const chooseColor = (ready: Editor, kind: "text" | "mark") => (color: string | undefined) => {
    const chain = ready.chain();
    if (kind === "text") (color === undefined ? chain.unsetColor() : chain.setColor(color)).run();
    else (color === undefined ? chain.unsetHighlight() : chain.setHighlight({ color })).run();
    close();
  };
  const controls: Control[] = [
    ...TOOLS.map(tool => ({
      ...tool,
      widthPx: BUTTON_PX,
      draw: () => (
        <ToolButton
          icon={tool.icon}
          name={tool.label(messages)}
          tooltip={nameWithKeys(tool.label(messages), tool.keys, isMac)}
          isOn={tool.isActive && (facts?.active.includes(tool.id) ?? false)}
          isOff={isOff || facts?.impossible.includes(tool.id)}
          onClick={() => editor !== null && tool.run(editor)}
        />
      ),
    })),
    {
      id: "style",
      group: "style",
      rank: 1,
      widthPx: STYLE_PX,
      draw: () => <StyleMenu editor={editor} level={facts?.level} isOff={isOff} />,
    },
    {
      id: "color",
      group: "color",
      rank: 13,
      widthPx: MENU_BUTTON_PX,
      draw: () =>
        popover("color", Baseline, messages.color, ready => (
          <ColorPanel kind="text" value={facts?.color} onChoose={chooseColor(ready, "text")} />
        )),
    },
    {
      id: "highlight",
      group: "color",
      rank: 14,
      widthPx: MENU_BUTTON_PX,
      draw: () =>
        popover("highlight", Highlighter, messages.highlight, ready => (
          <ColorPanel kind="mark" value={facts?.highlight} onChoose={chooseColor(ready, "mark")} />
        )),
    },
    {
      id: "link",
      group: "insert",
      rank: 10,
      widthPx: MENU_BUTTON_PX,
      draw: () =>
        popover(
          "link",
          Link,
          messages.link,
          ready => <LinkPanel editor={ready} onDone={close} />,
          facts?.isInLink,
        ),
    },
    {
      id: "image",
      group: "insert",
      rank: 12,
      widthPx: MENU_BUTTON_PX,
      draw: () =>
        popover("image", Image, messages.image, ready => <ImagePanel editor={ready} onDone={close} />),
    },
    {
      id: "table",
      group: "insert",
      rank: 15,
      widthPx: MENU_BUTTON_PX,
      draw: () =>
        popover("table", Table, messages.table, ready => (
          <TablePanel editor={ready} isInTable={facts?.isInTable ?? false} onDone={close} />
        )),
    },
  ].toSorted((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));

  const kept = width === undefined ? undefined : fit(controls, width - PADDING_PX, MENU_BUTTON_PX);
  const shown = controls.filter(({ id }) => kept?.has(id) ?? true);
  const rest = controls.filter(({ id }) => kept !== undefined && !kept.has(id));
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    // Only keys of the row itself: a menu or panel closes by its own Escape.
    if (event.key === "Escape" && bar.current?.contains(event.target as Node)) {
      event.preventDefault();
      editor?.view.focus();
    } else {
      roving.onKeyDown(event);
    }
  };
  return (
    <Tooltip.Provider delayDuration={500} skipDelayDuration={300}>
      <div
        ref={element => {
          bar.current = element;
          roving.ref(element);
        }}
        className="octavo-toolbar"
        role="toolbar"
        aria-label={messages.toolbar}
        onKeyDown={onKeyDown}
        onFocus={roving.onFocus}
      >
        <Row controls={shown} />
        {rest.length > 0 && (
          <ToolPopover
            editor={editor}
            icon={Ellipsis}
            name={messages.more}
            isOff={isOff}
            isOpen={open === "more" || rest.some(({ id }) => id === open)}
            onOpenChange={isOpen => setOpen(isOpen ? "more" : undefined)}
          >
            <MoreRow label={messages.more} controls={rest} />
          </ToolPopover>
        )}
      </div>
    </Tooltip.Provider>
  );
}

const GROUPS: readonly string[] = [
  "history",
  "style",
  "marks",
  "color",
  "insert",
  "lists",
  "blocks",
  "clear",
];

function Row({ controls }: { controls: readonly Control[] }) {
  return controls.map(({ id, group, draw }, index) => (
    <Fragment key={id}>
      {index > 0 && controls[index - 1]?.group !== group && (
        <span className="octavo-separator" aria-hidden="true" />
      )}
      {draw()}
    </Fragment>
  ));
}

function MoreRow({ label, controls }: { label: string; controls: readonly Control[] }) {
  const { focus: _focus, ...roving } = useRovingFocus();
  return (
    <div {...roving} className="octavo-more" role="toolbar" aria-label={label}>
      <Row controls={controls} />
    </div>
  );
}

/** What of the text the toolbar shows. Compared by value: a letter typed changes nothing here, so nothing is drawn. */
function useFacts(editor: Editor | null) {
  return useEditorState({
    editor,
    selector: ({ editor: current }) => {
      if (current === null || current.isDestroyed) return null;
      return {
        active: TOOLS.filter(tool => tool.isActive?.(current)).map(({ id }) => id),
        impossible: TOOLS.filter(tool => tool.isPossible?.(current) === false).map(({ id }) => id),
        level: HEADING_LEVELS.find(level => current.isActive("heading", { level })),
        color: current.getAttributes("textStyle").color as string | undefined,
        highlight: current.getAttributes("highlight").color as string | undefined,
        isInLink: current.isActive("link"),
        isInTable: current.isActive("table"),
      };
    },
  });
}

/** Width of an element in pixels; undefined until it was measured. */
function useWidth(element: RefObject<HTMLElement | null>): number | undefined {
  const [width, setWidth] = useState<number>();
  useLayoutEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.target.clientWidth));
    observer.observe(element.current);
    setWidth(element.current.clientWidth);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
