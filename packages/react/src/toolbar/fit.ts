/** A control of the toolbar as its layout sees it. */
export interface Sized {
  id: string;
  widthPx: number;
  /** The lowest stay longest when there is not enough room. */
  rank: number;
  group: string;
}

/** Between two groups: a line with its margins. */
export const GROUP_GAP_PX = 13;

/**
 * The ids that fit into one row of `availablePx`; the others go into a menu whose button takes `menuPx`. By rank, not
 * by place: what people use most stays, wherever it stands.
 */
export function fit(controls: readonly Sized[], availablePx: number, menuPx: number): ReadonlySet<string> {
  const all = new Set(controls.map(({ id }) => id));
  if (widthOf(controls, all) <= availablePx) return all;
  const kept = new Set<string>();
  for (const { id } of controls.toSorted((a, b) => a.rank - b.rank)) {
    kept.add(id);
    if (widthOf(controls, kept) + menuPx > availablePx) {
      kept.delete(id);
      break;
    }
  }
  return kept;
}

function widthOf(controls: readonly Sized[], kept: ReadonlySet<string>): number {
  const shown = controls.filter(({ id }) => kept.has(id));
  const groups = new Set(shown.map(({ group }) => group));
  const gaps = Math.max(0, groups.size - 1) * GROUP_GAP_PX;
  return shown.reduce((sum, { widthPx }) => sum + widthPx, gaps);
}
