/**
 * Load duration: how long the power was at least how high. Pure.
 *
 *     W │▖                  `share` 0.01: the power that is reached in 1 % of the time
 *       │▝▀▄▄▄              a curve never rises; between two of its rows the lower one holds
 *       └──────── share
 */
import type { components } from "../../api";

export type Load = components["schemas"]["LoadDuration"];
export type LoadCurve = components["schemas"]["LoadCurve"];

/** The power that is reached in that part of the time, W; undefined without data. */
export function reachedIn(curve: LoadCurve, share: number): number | undefined {
  const { share: shares, W } = curve;
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] ?? 1) >= share) high = middle;
    else low = middle + 1;
  }
  return W[low];
}

export const MOST_SHARE = 1;
const ROWS: readonly number[] = [0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** The rows of the table: parts of the time, and the power of each curve. */
export function loadRows(load: Load): { share: number; W: (number | undefined)[] }[] {
  return ROWS.map((share) => ({ share, W: load.curves.map((curve) => reachedIn(curve, share)) }));
}

/** The next part of the time in a direction: steps of 1 %, finer below 5 %. */
export function movedShare(share: number | null, by: number): number {
  const now = share ?? (by > 0 ? 0 : MOST_SHARE);
  const step = now + by * 0.001 < 0.05 ? 0.005 : 0.01;
  return Math.min(Math.max(Math.round((now + by * step) * 1000) / 1000, 0.005), MOST_SHARE);
}

/** The lowest and highest power of all curves, at least from zero. */
export function boundsOf(load: Load): [number, number] {
  const all = load.curves.flatMap(({ W }) => [W[0] ?? 0, W.at(-1) ?? 0]);
  return [Math.min(0, ...all), Math.max(0, ...all)];
}

/** `share,home W,kettle W`: every row of each curve has its own share, so they are one below the other. */
export function loadCsvRows(load: Load): (string | number)[][] {
  return [
    ["device", "share", "W"],
    ...load.curves.flatMap(({ device, share, W }) => share.map((one, row) => [device || "home", one, W[row] ?? ""])),
  ];
}
