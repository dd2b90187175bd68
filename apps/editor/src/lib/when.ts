const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A past time in few words, seen from `now`: minutes, hours and days up to a week, then the date. */
export function when(time: Date, now: Date, timeZone?: string): string {
  const passed = now.getTime() - time.getTime();
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  if (passed < 2 * DAY) return "yesterday";
  if (passed < 7 * DAY) return `${Math.floor(passed / DAY)} days ago`;
  const zone = timeZone === undefined ? {} : { timeZone };
  const year = new Intl.DateTimeFormat("en-GB", { year: "numeric", ...zone });
  const sameYear = year.format(time) === year.format(now);
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    ...(!sameYear && { year: "numeric" }),
    ...zone,
  }).format(time);
}
