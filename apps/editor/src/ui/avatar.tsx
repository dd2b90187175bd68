/** A person's initials on the colour of their slot; the name is said by what surrounds it. */
export function Avatar({ name, color }: { name: string; color: number }) {
  return (
    // As generated content, so that nobody hears or searches for two letters beside the name.
    <span className="avatar" data-person={color} data-initials={initials(name)} aria-hidden="true" />
  );
}

/** First letters of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const last = words.length > 1 ? words.at(-1) : undefined;
  return (firstLetter(words[0]) + firstLetter(last)).toLocaleUpperCase("en");
}

function firstLetter(word = ""): string {
  const [first] = new Intl.Segmenter("en", { granularity: "grapheme" }).segment(word);
  return first?.segment ?? "";
}
