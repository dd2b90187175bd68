"use client";

import { useEffect, useState } from "react";
import { when } from "../lib/when.ts";

const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });

/** A time in few words. The server's reading of it is in UTC; the browser's own follows after the first paint. */
export function When({ time, now }: { time: string; now: number }) {
  const [local, setLocal] = useState<number>();
  useEffect(() => setLocal(Date.now()), []);
  const date = new Date(time);
  const formatted = when(date, new Date(local ?? now), local === undefined ? "UTC" : undefined);
  return (
    // Two ICU versions, the server's and the browser's, need not write a date alike.
    <time
      dateTime={time}
      title={local === undefined ? undefined : FULL.format(date)}
      suppressHydrationWarning
    >
      {formatted}
    </time>
  );
}
