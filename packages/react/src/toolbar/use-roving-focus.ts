"use client";

import { type FocusEvent, type KeyboardEvent, useCallback, useEffect, useRef } from "react";

const STOP = "button:not([disabled])";

/**
 * One tab stop for a row of buttons (APG toolbar pattern): arrows move inside, mirrored from right to left, Home and
 * End go to the ends, and Tab comes back to the last one. Buttons carry no tabindex of their own.
 */
export function useRovingFocus(): {
  ref: (row: HTMLElement | null) => void;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  onFocus: (event: FocusEvent<HTMLElement>) => void;
  focus: () => void;
} {
  const row = useRef<HTMLElement | null>(null);
  const last = useRef<HTMLElement | null>(null);

  const stops = (): HTMLElement[] => [...(row.current?.querySelectorAll<HTMLElement>(STOP) ?? [])];
  const settle = useCallback(() => {
    const all = [...(row.current?.querySelectorAll<HTMLElement>(STOP) ?? [])];
    const current = last.current !== null && all.includes(last.current) ? last.current : all[0];
    for (const stop of all) stop.tabIndex = stop === current ? 0 : -1;
  }, []);
  // After every render: buttons come and go with the width of the row.
  useEffect(settle);

  const ref = useCallback((element: HTMLElement | null) => {
    row.current = element;
  }, []);
  const focus = () => {
    settle();
    row.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  };
  const onFocus = (event: FocusEvent<HTMLElement>) => {
    if (!stops().includes(event.target)) return;
    last.current = event.target;
    settle();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const all = stops();
    const at = all.indexOf(event.target as HTMLElement);
    // Keys of a popover bubble here through React, not through the page.
    if (at === -1) return;
    const isRtl = row.current !== null && getComputedStyle(row.current).direction === "rtl";
    const next = nextIndex(event.key, at, all.length, isRtl);
    if (next === undefined) return;
    event.preventDefault();
    all[next]?.focus();
  };
  return { ref, onKeyDown, onFocus, focus };
}

/** Where a key leads from place `at` of `count`; it goes round at the ends. */
export function nextIndex(key: string, at: number, count: number, isRtl: boolean): number | undefined {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key !== "ArrowRight" && key !== "ArrowLeft") return undefined;
  const isForward = (key === "ArrowRight") !== isRtl;
  return (at + (isForward ? 1 : count - 1)) % count;
}
