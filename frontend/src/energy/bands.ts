/**
 * The columns of the chart of the last ten minutes, and the paths drawn from them. Pure.
 *
 *     uses are stacked areas, sources are lines; power exported to the grid is drawn below zero
 */
import { cached } from "../data/cached";
import type { Flow, Flows } from "./flows";

/** One source or use over time; null where the value is unknown. `key`: kind and id of the device. */
export type Band = { key: string; kind: Flow["kind"]; id: string; values: (number | null)[] };

export type Columns = { at: number[]; uses: Band[]; sources: Band[]; high: number; low: number };

const FLOOR = 100; // W: minimum upper end of the axis

/** Columns from the flows at each of these times. Bands are in the order of the devices, the rest last. */
export function columnsOf(at: readonly number[], flowsAt: (at: number) => Flows): Columns {
  const flows = at.map(flowsAt);
  const uses = bands(flows, (one) => one.uses);
  const sources = bands(flows, (one) => one.sources);
  const tops = flows.map((one) => one.uses.reduce((sum, use) => sum + (use.kind === "export" ? 0 : use.W), 0));
  const lines = sources.flatMap((band) => band.values.map((value) => value ?? 0));
  const given = flows.flatMap((one) => one.uses.filter((use) => use.kind === "export").map((use) => use.W));
  return {
    at: [...at],
    uses,
    sources,
    high: rounded(Math.max(FLOOR, ...tops, ...lines)),
    low: given.length ? -rounded(Math.max(0, ...given)) : 0,
  };
}

/** The lower and upper edge of each stacked use; export lies below zero. */
export function stacked(uses: readonly Band[]): { band: Band; low: number[]; high: (number | null)[] }[] {
  const height = uses[0]?.values.map(() => 0) ?? [];
  return uses.map((band) => {
    if (band.kind === "export")
      return { band, low: height.map(() => 0), high: band.values.map((value) => (value === null ? null : -value)) };
    const low = [...height];
    const high = band.values.map((value, index) => (value === null ? null : (low[index] ?? 0) + value));
    for (const [index, value] of high.entries()) if (value !== null) height[index] = value;
    return { band, low, high };
  });
}

/** A path around the area between two edges; each run of known columns is closed separately. */
export function areaPath(
  low: readonly number[],
  high: readonly (number | null)[],
  x: (index: number) => number,
  y: (W: number) => number,
): string {
  return runs(high)
    .map(([from, to]) => {
      const upper: string[] = [];
      const lower: string[] = [];
      for (let index = from; index <= to; index++) {
        upper.push(`${x(index)} ${y(high[index] ?? 0)}`);
        lower.push(`${x(index)} ${y(low[index] ?? 0)}`);
      }
      return `M${upper.join("L")}L${lower.reverse().join("L")}Z`;
    })
    .join("");
}

/** A path along values, with gaps. */
export function linePath(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (W: number) => number,
): string {
  return runs(values)
    .map(
      ([from, to]) =>
        "M" +
        Array.from({ length: to - from + 1 }, (_, step) => `${x(from + step)} ${y(values[from + step] ?? 0)}`).join(
          "L",
        ),
    )
    .join("");
}

/** The next round number of watts, so that the axis changes rarely. */
export function rounded(W: number): number {
  if (W <= 0) return 0;
  const size = 10 ** Math.floor(Math.log10(W));
  const step = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * size >= W - 1e-9) ?? 10;
  return step * size;
}

function bands(flows: readonly Flows[], side: (flows: Flows) => readonly Flow[]): Band[] {
  const found = new Map<string, Band>();
  flows.forEach((moment, index) => {
    for (const { kind, id, W } of side(moment)) {
      const key = `${kind} ${id}`;
      cached(found, key, () => ({ key, kind, id, values: flows.map(() => null) })).values[index] = W;
    }
  });
  const last = { grid: 0, device: 1, small: 2, unmetered: 3, rest: 4, export: 5 };
  return [...found.values()].sort((one, other) => last[one.kind] - last[other.kind]);
}

function runs(values: readonly (number | null)[]): [number, number][] {
  const found: [number, number][] = [];
  let run: [number, number] | undefined;
  values.forEach((value, index) => {
    if (value === null) run = undefined;
    else if (run) run[1] = index;
    else {
      run = [index, index];
      found.push(run);
    }
  });
  return found;
}
