export type { OpenDocument, SaveState as SaveStateValue } from "@octavo/client";
export {
  DocumentEditor,
  type DocumentEditorProps,
  type EditorError,
  type EditorHandle,
} from "./document-editor.tsx";
export {
  type UseOpenDocumentOptions,
  useConnection,
  useIsSynced,
  useOpenDocument,
  usePresence,
  useSaveState,
  useStanding,
  useTitle,
} from "./hooks.ts";
export { en, type Messages } from "./messages/en.ts";
export { MessagesProvider } from "./messages/messages.tsx";
export { PresenceAvatars, type PresenceAvatarsProps } from "./presence-avatars.tsx";
export { SaveState, type SaveStateProps } from "./save-state.tsx";
export { EditorToolbar, type EditorToolbarProps } from "./toolbar/editor-toolbar.tsx";
