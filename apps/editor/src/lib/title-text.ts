const SHOWN = 60;

/** How a title is named in a sentence: in quotation marks, shortened, and "Untitled" where it has none. */
export function titleText(title: string): string {
  const letters = [...(title || "Untitled")];
  return `“${
    letters.length > SHOWN
      ? `${letters
          .slice(0, SHOWN - 1)
          .join("")
          .trimEnd()}…`
      : letters.join("")
  }”`;
}
