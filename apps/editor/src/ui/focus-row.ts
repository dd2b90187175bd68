/** After a row has gone: the focus goes to the row that took its place, or to the page where there is none left. */
export function focusRow(list: Element | null, index: number): void {
  requestAnimationFrame(() => {
    const rows = [...(list?.isConnected ? list.children : [])];
    const row = rows[Math.min(index, rows.length - 1)];
    const target = row?.querySelector<HTMLElement>("a, button, input") ?? document.getElementById("main");
    target?.focus({ preventScroll: true });
  });
}
