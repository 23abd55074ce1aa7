/**
 * How often a point usually speaks, learnt from what comes: a value is old once it is older than two such
 * intervals. A device that speaks only when something changes has no interval, and its quiet is no age.
 */
import { onReadings } from "./live";

const KEPT = 8; // gaps
const ENOUGH = 3; // gaps before anything can be said
const UNEVEN = 4; // times the median: whoever is sometimes that late speaks on change
const SLACK = 1; // s that gathering and the network take

/** Seconds after which a value is old, by the gaps between the last ones; undefined: not known, or on change. */
export function staleAfter(gaps: readonly number[]): number | undefined {
  if (gaps.length < ENOUGH) return undefined;
  const sorted = [...gaps].sort((one, other) => one - other);
  const median = sorted[sorted.length >> 1] ?? 0;
  const longest = sorted[sorted.length - 1] ?? 0;
  return longest > UNEVEN * Math.max(median, 0.5) ? undefined : 2 * median + SLACK;
}

const heard = new Map<string, { at: number; gaps: number[] }>();

/** Begin to learn. */
export function learnIntervals(): void {
  onReadings((changes) => {
    for (const [device, point, , at] of changes) hear(`${device}\n${point}`, at);
  });
}

/** After how many seconds this point's value is old; undefined: it does not age. */
export function staleTimeOf(device: string, point: string): number | undefined {
  return staleAfter(heard.get(`${device}\n${point}`)?.gaps ?? []);
}

function hear(place: string, at: number): void {
  const last = heard.get(place);
  if (!last) heard.set(place, { at, gaps: [] });
  else if (at > last.at) {
    last.gaps = [...last.gaps, at - last.at].slice(-KEPT);
    last.at = at;
  }
}
