/** What was unlike before, as sentences, and the chart that each of it leads to. Pure. */
import type { components } from "../../api";
import { amountText, quantityText } from "../../text/format";
import { say } from "../../text/words";
import { changeText } from "../comparison";
import { dayOf, daysText, firstOf, isSameDay, type Day, type Range } from "../../time/calendar";
import { ENERGY, POWER, type View } from "../view";

export type Anomalies = components["schemas"]["Anomalies"];
export type Anomaly = components["schemas"]["Anomaly"];

const MOST_QUANTITIES = 3; // that one chart shows

/** What happened: `Kettle used 1.64 kWh on one day. On days like it, it is 0.89 kWh.` `name`: of the device. */
export function anomalyText(one: Anomaly, name: string, causeName: string): string {
  const [amount, usual] = [one.amount ?? 0, one.usual ?? 0];
  if (one.kind === "suspect") return say("history.unusual_suspect", { name });
  if (one.kind === "base") {
    const parts = { power: quantityText(amount, "W"), before: quantityText(usual, "W") };
    return [say("history.unusual_base", parts), one.cause ? say("history.unusual_cause", { name: causeName }) : ""]
      .filter(Boolean)
      .join(" ");
  }
  const parts = { name, amount: amountText(amount), usual: amountText(usual) };
  if (one.kind === "night") return say("history.unusual_night", parts);
  const much = amount > usual ? "more" : "less";
  if (one.days > 1)
    return say(one.device ? `history.unusual_days_${much}` : `history.unusual_home_days_${much}`, parts);
  return say(one.device ? `history.unusual_day_${much}` : `history.unusual_home_day_${much}`, parts);
}

/** `▲ 85 %`; "" of suspect readings, and where usually nothing is used. */
export function anomalyChange(one: Anomaly): string {
  return one.amount === null || one.amount === undefined || !one.usual ? "" : changeText(one.amount, one.usual);
}

/** `Sun 2 Aug 2026`, `2 – 14 Aug 2026`. */
export function anomalyDays(one: Anomaly, zone: string): string {
  return daysText(dayOf(one.start, zone), lastOf(one, zone));
}

/** The view that shows it: the day, the week or the month, of the device. */
export function viewOfAnomaly(one: Anomaly, view: View, zone: string): View {
  const [on, last] = [dayOf(one.start, zone), lastOf(one, zone)];
  const devices = one.device ? [one.device] : one.cause ? [one.cause] : null;
  const common: View = { ...view, on, devices, zoom: null, bars: "stacked", against: "before" };
  if (one.kind === "base") return { ...common, range: "month", what: [ENERGY] };
  if (one.kind === "suspect")
    return {
      ...common,
      range: rangeFor(on, last),
      what: one.points.slice(0, MOST_QUANTITIES).map((point) => (point === "power_W" ? POWER : point)),
    };
  if (one.kind === "night") return { ...common, range: rangeFor(on, last), what: [POWER] };
  return { ...common, range: rangeFor(on, last), what: [ENERGY] };
}

/** The shortest period that has both days. */
function rangeFor(first: Day, last: Day): Range {
  return (
    (["day", "week", "month"] as const).find((range) => isSameDay(firstOf(range, first), firstOf(range, last))) ??
    "year"
  );
}

function lastOf(one: Anomaly, zone: string): Day {
  return dayOf(one.end - 1, zone);
}
