"use client";

import type { Editor } from "@tiptap/core";
import { type RefObject, useEffect, useRef } from "react";

/** Where somebody clicked before the editor was there, in the window's coordinates. */
export type KeptPlace = RefObject<{ left: number; top: number } | null>;

/**
 * The server's HTML of the body. It is in the first response, so it is never set again: React leaves it alone
 * until it goes.
 */
export function StaticBody({ html, place }: { html: string | undefined; place: KeptPlace }) {
  const keepPlace = (event: { clientX: number; clientY: number }) => {
    place.current = { left: event.clientX, top: event.clientY };
  };
  return (
    <div
      className="octavo-body"
      onPointerUp={keepPlace}
      // biome-ignore lint/security/noDangerouslySetInnerHtml: made by the server from the document's schema, which knows no script
      dangerouslySetInnerHTML={{ __html: html ?? "" }}
    />
  );
}

/** Puts the caret where the person clicked in the static body, as soon as the editor is there. */
export function useKeptPlace(editor: Editor | null, host: RefObject<HTMLElement | null>): KeptPlace {
  const place: KeptPlace = useRef(null);
  useEffect(() => {
    const kept = place.current;
    place.current = null;
    if (editor === null || kept === null || !editor.isEditable || host.current?.hidden) return;
    const found = editor.view.posAtCoords(kept);
    if (found !== null) editor.chain().focus(found.pos, { scrollIntoView: false }).run();
  }, [editor, host]);
  return place;
}
