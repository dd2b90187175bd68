import { cookies } from "next/headers";
import { readTheme, THEME_COOKIE, type Theme } from "../ui/theme.ts";

/** The theme this visitor chose. */
export async function chosenTheme(): Promise<Theme> {
  return readTheme((await cookies()).get(THEME_COOKIE)?.value);
}
