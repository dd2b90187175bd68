export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const THEME_NAMES: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

/** Kept as a cookie and not in local storage, so that the first HTML is already right: no script, no flash. */
export const THEME_COOKIE = "octavo_theme";

export function readTheme(value: string | undefined): Theme {
  return THEMES.find(theme => theme === value) ?? "system";
}

/** Shows a theme at once and remembers it for a year. */
export function chooseTheme(theme: Theme): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing on plain http, which is how many open Octavo
  document.cookie = `${THEME_COOKIE}=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
