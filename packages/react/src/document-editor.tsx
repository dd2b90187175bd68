"use client";

import type { OpenDocument, SaveState as SaveStateValue } from "@octavo/client";
import type { ErrorCode, Recovery } from "@octavo/schema";
import type { Editor } from "@tiptap/core";
import { useEffect, useRef, useState } from "react";
import { Announcements } from "./announcements.tsx";
import {
  DocumentContext,
  type UseOpenDocumentOptions,
  useConnection,
  useOpenDocument,
  useSaveState,
  useStanding,
  useTitle,
} from "./hooks.ts";
import type { Messages } from "./messages/en.ts";
import { MessagesProvider, useMessages } from "./messages/messages.tsx";
import { Notices } from "./notices.tsx";
import { RootContext } from "./root-context.ts";
import { StaticBody, useKeptPlace } from "./static-body.tsx";
import { EditorToolbar, type ToolbarHandle } from "./toolbar/editor-toolbar.tsx";
import { useEditor } from "./use-editor.ts";

/** What a page can do with a ready editor. */
export interface EditorHandle {
  focus(): void;
  /** The body as plain text. */
  getText(): string;
  getHTML(): string;
  getJSON(): Record<string, unknown>;
  undo(): boolean;
  redo(): boolean;
  /** Resolves when everything written here is on the server's disk. */
  flush(): Promise<void>;
}

/** Why a document was closed for good, and what helps. */
export interface EditorError {
  code: ErrorCode;
  recovery: Recovery;
}

interface CommonProps {
  /** `viewing` takes away what the person's role would allow, and the toolbar; it never adds anything. */
  mode?: "editing" | "viewing" | undefined;
  /** Shown and spoken until the server says otherwise. */
  title?: string | undefined;
  /** The server's HTML of the body: shown until the editor is there, then replaced without moving a line. */
  initialHtml?: string | undefined;
  /** Language of the interface as a BCP 47 tag. */
  locale?: string | undefined;
  messages?: Partial<Messages> | undefined;
  theme?: "light" | "dark" | "system" | undefined;
  /** Where a person signs in again; the page is reloaded where it is left out. */
  onSignIn?: (() => void) | undefined;
  onReady?: ((handle: EditorHandle) => void) | undefined;
  onSaveStateChange?: ((state: SaveStateValue) => void) | undefined;
  onTitleChange?: ((title: string) => void) | undefined;
  /** The document was closed for good. */
  onError?: ((error: EditorError) => void) | undefined;
}

/** Either an open document (from `useOpenDocument`), or what it takes to open one. */
export type DocumentEditorProps = CommonProps &
  ({ document: OpenDocument | undefined } | (UseOpenDocumentOptions & { document?: never }));

/** A document with its toolbar: what Octavo's own pages mount, and everybody else's. */
export function DocumentEditor(props: DocumentEditorProps) {
  return (
    <MessagesProvider messages={props.messages}>
      {"documentId" in props ? <OpeningEditor {...props} /> : <EditorFrame {...props} />}
    </MessagesProvider>
  );
}

function OpeningEditor(props: CommonProps & UseOpenDocumentOptions) {
  const { server, documentId, getToken, title } = props;
  const document = useOpenDocument({ server, documentId, getToken, title });
  return <EditorFrame {...props} document={document} />;
}

function EditorFrame(props: CommonProps & { document: OpenDocument | undefined }) {
  const { document, mode = "editing", initialHtml, theme } = props;
  const messages = useMessages();
  const [root, setRoot] = useState<HTMLElement | null>(null);
  const host = useRef<HTMLDivElement>(null);
  const toolbar = useRef<ToolbarHandle>(null);
  const { isWritable } = useStanding(document);
  const title = useTitle(document) || props.title || messages.untitled;
  const isEditable = isWritable && mode === "editing";

  const editor = useEditor(document, {
    host,
    isEditable,
    label: messages.editorLabel(title),
    help: messages.editorHelp,
    texts: messages,
    keys: {
      focusToolbar: () => toolbar.current?.focus(),
      editLink: () => toolbar.current?.editLink(),
    },
  });
  const place = useKeptPlace(editor, host);
  useReports(props, document, editor);

  return (
    <DocumentContext.Provider value={document}>
      <RootContext.Provider value={root}>
        <div
          ref={setRoot}
          className="octavo-root octavo-editor"
          lang={props.locale}
          data-theme={theme === "system" ? undefined : theme}
          data-ready={editor !== null}
        >
          {mode === "editing" && <EditorToolbar control={toolbar} editor={editor} isEditable={isEditable} />}
          <Notices document={document} onSignIn={props.onSignIn} />
          <div className="octavo-desk">
            <div className="octavo-sheet">
              {editor === null && <StaticBody html={initialHtml} place={place} />}
              <div ref={host} hidden={editor === null} />
            </div>
          </div>
          <Announcements document={document} />
        </div>
      </RootContext.Provider>
    </DocumentContext.Provider>
  );
}

/** Calls what the page gave, each when there is something to say; a page may give new functions with every render. */
function useReports(props: CommonProps, document: OpenDocument | undefined, editor: Editor | null): void {
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  const saveState = useSaveState(document);
  const title = useTitle(document);
  const connection = useConnection(document);

  useEffect(() => {
    if (editor !== null && document !== undefined) latest.current.onReady?.(handleOf(editor, document));
  }, [editor, document]);
  useEffect(() => latest.current.onSaveStateChange?.(saveState), [saveState]);
  useEffect(() => {
    if (title !== "") latest.current.onTitleChange?.(title);
  }, [title]);
  useEffect(() => {
    if (connection.state !== "closed") return;
    const { code, recovery } = connection;
    latest.current.onError?.({ code, recovery });
  }, [connection]);
}

function handleOf(editor: Editor, document: OpenDocument): EditorHandle {
  return {
    focus: () => editor.commands.focus(),
    getText: () => editor.getText(),
    getHTML: () => editor.getHTML(),
    getJSON: () => editor.getJSON(),
    undo: () => editor.commands.undo(),
    redo: () => editor.commands.redo(),
    flush: () => document.whenSaved(),
  };
}
