/**
 * The usual interval between reports of a point, learnt from live updates: a value is old after two such intervals. A
 * device that reports only changes has no interval, and its values do not become old.
 */
import { onReadings } from "./live";

const KEPT = 8; // intervals
const ENOUGH = 3; // intervals needed for an estimate
const UNEVEN = 4; // times the median: a longest interval above that means reports on change
const SET_BACK = 5; // s by which a time is earlier than the last one after the clock was set back
const SLACK = 1; // s for batching and the network

/** Seconds after which a value is old, from the last intervals; undefined: unknown, or reports on change. */
export function staleAfter(gaps: readonly number[]): number | undefined {
  if (gaps.length < ENOUGH) return undefined;
  const sorted = [...gaps].sort((one, other) => one - other);
  const median = sorted[sorted.length >> 1] ?? 0;
  const longest = sorted[sorted.length - 1] ?? 0;
  return longest > UNEVEN * Math.max(median, 0.5) ? undefined : 2 * median + SLACK;
}

const reports = new Map<string, { at: number; gaps: number[] }>();

/** Start learning intervals. */
export function learnIntervals(): void {
  onReadings((changes) => {
    for (const [device, point, , at] of changes) record(`${device}\n${point}`, at);
  });
}

/** Seconds after which the value of this point is old; undefined: never. */
export function staleTimeOf(device: string, point: string): number | undefined {
  return staleAfter(reports.get(`${device}\n${point}`)?.gaps ?? []);
}

function record(place: string, at: number): void {
  const last = reports.get(place);
  if (!last) reports.set(place, { at, gaps: [] });
  else if (at > last.at || last.at - at > SET_BACK) {
    if (at > last.at) last.gaps = [...last.gaps, at - last.at].slice(-KEPT);
    last.at = at;
  }
}
