"use client";

import { useEffect, useState } from "react";
import { when } from "../lib/when.ts";

/** A time in few words. The server's reading of it is in UTC; the browser's own follows after the first paint. */
export function When({ time, now }: { time: string; now: number }) {
  const [local, setLocal] = useState<number>();
  useEffect(() => setLocal(Date.now()), []);
  const date = new Date(time);
  const zone = local === undefined ? "UTC" : undefined;
  const full = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "long",
    timeStyle: "short",
    ...(zone && { timeZone: zone }),
  }).format(date);
  return (
    <time dateTime={time} title={zone ? `${full} UTC` : full}>
      {when(date, new Date(local ?? now), zone)}
    </time>
  );
}
