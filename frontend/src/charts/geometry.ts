/** Geometry of charts. Pure. */
import type { Span } from "../time/calendar";

/** The range of the value axis, with a margin; never empty. */
export function heightsOf(low: number | null, high: number | null, fromZero: boolean): [number, number] {
  let [from, to] = [low ?? 0, high ?? 1];
  if (fromZero) [from, to] = [Math.min(from, 0), Math.max(to, 0)];
  const size = to - from;
  if (!(size > 0)) return fromZero ? [from, from + 1] : [from - 1, to + 1];
  return [fromZero && from === 0 ? 0 : from - size * 0.06, fromZero && to === 0 ? 0 : to + size * 0.08];
}

/** The span that keeps the times under both fingers of a pinch. */
export function pinched(
  held: { left: number; right: number; span: Span },
  to: { left: number; right: number },
  width: number,
): Span {
  const perPx = (held.span.end - held.span.start) / Math.max(width, 1);
  const factor = Math.max(held.right - held.left, 10) / Math.max(to.right - to.left, 10);
  const middle = held.span.start + ((held.left + held.right) / 2) * perPx;
  const start = middle - ((to.left + to.right) / 2) * perPx * factor;
  return { start, end: start + (held.span.end - held.span.start) * factor };
}

/** Positions at least `size` apart, between `least` and `most`, as close as possible to the desired ones. */
export function apart(wanted: readonly number[], size: number, least: number, most: number): number[] {
  const order = wanted.map((_, index) => index).sort((one, other) => (wanted[one] ?? 0) - (wanted[other] ?? 0));
  const found = [...wanted];
  let next = least + size / 2;
  for (const index of order) {
    const at = Math.max(wanted[index] ?? 0, next);
    found[index] = at;
    next = at + size;
  }
  let last = most - size / 2;
  for (const index of order.reverse()) {
    const at = Math.min(found[index] ?? 0, last);
    found[index] = at;
    last = at - size;
  }
  return found;
}
