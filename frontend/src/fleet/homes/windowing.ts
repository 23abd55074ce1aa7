/**
 * Which rows of a long list are drawn: those that can be seen, and some around them. All rows have the same height, and one of
 * them may be open, with a panel below it. Pure.
 *
 *     before px │ first … last │ after px        the list keeps its whole height, so the scroll bar stays true
 */
export type List = Readonly<{
  count: number;
  /** px of a row. */
  row: number;
  /** The row that is open, and the height of its panel; -1: none. */
  open: number;
  panel: number;
}>;

/** The rows `first` up to, but not with, `end`; the space before and after them in px. */
export type Drawn = Readonly<{ first: number; end: number; before: number; after: number }>;

const AROUND = 12; // rows beyond the window, so that scrolling finds them drawn

/** `top`: px of the list above the window (negative while it begins below its top edge); `height`: px of the window. */
export function drawnOf(list: List, top: number, height: number): Drawn {
  const first = Math.max(0, rowAt(list, top) - AROUND);
  const end = Math.min(list.count, Math.max(first, rowAt(list, top + height) + 1 + AROUND));
  return {
    first: Math.min(first, list.count),
    end,
    before: topOf(list, first),
    after: topOf(list, list.count) - topOf(list, end),
  };
}

/** Whether the end of the loaded rows is so near that more are needed. */
export function isNearEnd(list: List, top: number, height: number): boolean {
  return rowAt(list, top + height) >= list.count - 2 * AROUND;
}

/** px from the top of the list to that of a row. */
export function topOf({ count, row, open, panel }: List, index: number): number {
  const at = Math.min(index, count);
  return at * row + (open >= 0 && open < at ? panel : 0);
}

function rowAt(list: List, px: number): number {
  const { row, open, panel } = list;
  const panelTop = (open + 1) * row;
  const below = open >= 0 && px > panelTop ? Math.max(panelTop - 1, px - panel) : px;
  return Math.max(0, Math.floor(below / row));
}
