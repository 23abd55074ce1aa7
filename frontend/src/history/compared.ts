/** The answers that compare a period with the one before. */
import { address } from "../data/http";
import { now, timezone } from "../data/live";
import type { Energy } from "../data/shapes";
import { useAnswer } from "./answers";
import { comparisonOf, type Comparison } from "./comparison";
import { BY, isComplete, monthsOf, until } from "./energy";
import type { View } from "./view";

/** `now`, `previous`: of the same length; `whole`: the previous period in the steps of the chart. */
export type Compared = Readonly<{ comparison: Comparison; now: Energy; previous: Energy; whole: Energy }>;

const POLL_MS = 300_000; // of the days of a year, which change slowly

/**
 * `compared`: undefined without a comparison, while it loads, and if the time before is not known completely, which is
 * `isIncomplete`. `answer`: the current one, of the chart. A year is compared by days, because its last month is not
 * complete.
 */
export function useCompared(
  view: View,
  devices: readonly string[],
  answer: Energy | undefined,
): { compared: Compared | undefined; isIncomplete: boolean } {
  const comparison = devices.length
    ? comparisonOf(view.range, view.on, now.peek(), timezone.value, view.against)
    : undefined;
  const isYear = view.range === "year";
  const by = isYear ? "day" : BY[view.range];
  const of = (span: { start: number; end: number }) =>
    address("/api/energy", { by, start: span.start, end: span.end, device: devices });
  const before = comparison ? of(comparison.whole) : "";
  const days = comparison && isYear ? of(comparison.current) : "";
  const previous = useAnswer<Energy>(before, 0);
  const current = useAnswer<Energy>(days, isYear ? POLL_MS : 0);
  const found = isYear ? (current.of === days ? current.answer : undefined) : answer;
  if (!comparison || !found || !previous.answer || previous.of !== before)
    return { compared: undefined, isIncomplete: false };
  const [mine, other] = [until(found, comparison.current.end), until(previous.answer, comparison.previous.end)];
  if (!isComplete(mine) || !isComplete(other)) return { compared: undefined, isIncomplete: true };
  const whole = isYear ? monthsOf(previous.answer) : previous.answer;
  return { compared: { comparison, now: mine, previous: other, whole }, isIncomplete: false };
}
