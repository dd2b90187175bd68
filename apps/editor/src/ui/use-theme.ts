"use client";

import { useSyncExternalStore } from "react";
import { chooseTheme, type Theme } from "./theme.ts";

/** What was chosen since the page was loaded; shared, since the menu and the settings both offer the choice. */
let chosen: Theme | undefined;
const watchers = new Set<() => void>();

/** The appearance now, beginning with the one the page was rendered in, and how to choose another. */
export function useTheme(rendered: Theme): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(
    watch,
    () => chosen ?? rendered,
    () => rendered,
  );
  return [theme, choose];
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function choose(theme: Theme): void {
  chosen = theme;
  chooseTheme(theme);
  for (const watcher of watchers) watcher();
}
