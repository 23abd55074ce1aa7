/** What the home and its devices used unlike before: a list, each entry of which leads to its chart. */
import { address } from "../../data/http";
import { now, timezone } from "../../data/live";
import { qualityText } from "../../parts/quantity";
import { say } from "../../text/words";
import { useAnswer } from "../answers";
import { dayText, isSameDay, periodTitle, spanOf, type Day } from "../../time/calendar";
import { curveName } from "../load/load_panel";
import { csvText, type Table } from "../table";
import { Under } from "../under";
import { addressOf, type View, type PanelProps } from "../view";
import { anomalyChange, anomalyDays, anomalyText, viewOfAnomaly, type Anomalies, type Anomaly } from "./unusual";
import { PanelState } from "../panel_state";

export function UnusualPanel({ view, period, able, shown, today, colour }: PanelProps) {
  const zone = timezone.value;
  const isNow = period.end > now.peek();
  const end = isNow ? spanOf("day", today, zone).end : period.end; // the same all through a day
  const place = address("/api/history/anomalies", { start: period.start, end });
  const { answer, of, isLoading, error, again } = useAnswer<Anomalies>(place, 0);
  const isAll = shown.length === able.length;
  const items = (answer?.items ?? []).filter(
    (one) => isAll || shown.some((device) => device.id === one.device || device.id === one.cause),
  );
  const title = `${say("history.unusual")}, ${periodTitle(view.range, view.on)}`;
  const isStale = of !== place;
  const link = (one: Anomaly) => addressOf(viewOfAnomaly(one, view, zone), today);
  return (
    <section class="panel unusual" aria-label={title}>
      <h2>{say("history.unusual_title")}</h2>
      <PanelState waits={isLoading && isStale} error={error} again={again} />
      {!answer && !error && <div class="skeleton unusual-waits" aria-busy="true" />}
      {answer && (
        <div data-dim={isStale || undefined}>
          <p class="lead">{leadOf(items.length, answer.known_days, view, today)}</p>
          <ul class="unusual-list">
            {items.map((one) => (
              <li key={`${one.kind} ${one.device} ${one.start}`}>
                <a class="plain" href={link(one)}>
                  <span
                    class="swatch"
                    data-mark
                    style={{ background: one.device || one.cause ? colour(one.device || one.cause) : "var(--rest)" }}
                  />
                  <span>
                    {textOf(one)}
                    <span class="small soft">{secondOf(one, zone)}</span>
                  </span>
                  <span class="number">{anomalyChange(one)}</span>
                </a>
              </li>
            ))}
          </ul>
          {items.length > 0 && (
            <Under
              table={() => unusualTable(items, zone)}
              caption={`${title}.`}
              link={(row) => items[row] && link(items[row])}
              csv={{
                text: () => csvText(csvRows(items, zone)),
                name: `unclouded-unusual-${dayText(view.on)}-${view.range}.csv`,
              }}
            />
          )}
          <p class="small soft">{say("history.unusual_hint")}</p>
        </div>
      )}
    </section>
  );
}

function textOf(one: Anomaly): string {
  return anomalyText(one, curveName(one.device), one.cause ? curveName(one.cause) : "");
}

/** When, and of suspect readings, why. */
function secondOf(one: Anomaly, zone: string): string {
  const days = anomalyDays(one, zone);
  return one.kind === "suspect" ? `${days} · ${qualityText("suspect", one.flags)}` : days;
}

function leadOf(count: number, days: number, view: View, today: Day): string {
  if (!days && !count)
    return say(view.range === "day" && isSameDay(view.on, today) ? "history.unusual_today" : "history.unusual_unknown");
  if (!count) return say("history.unusual_none", { days });
  return count === 1 ? say("history.unusual_one", { days }) : say("history.unusual_found", { count, days });
}

function unusualTable(items: readonly Anomaly[], zone: string): Table {
  const head = [say("history.when"), say("history.device"), say("history.what_happened"), say("history.change")];
  return {
    head,
    rows: items.map((one) => [anomalyDays(one, zone), curveName(one.device), textOf(one), anomalyChange(one)]),
    step: "",
  };
}

function csvRows(items: readonly Anomaly[], zone: string): (string | number)[][] {
  const day = (at: number) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(at * 1000); // 2026-11-30
  const rows = items.map((one) => [
    one.kind,
    one.device || "home",
    day(one.start),
    day(one.end - 1),
    one.days,
    one.amount ?? "",
    one.usual ?? "",
    one.cause ?? "",
    one.points.join(" "),
    one.flags.join(" "),
  ]);
  return [["kind", "device", "from", "to", "days", "amount", "usual", "cause", "points", "flags"], ...rows];
}
