/** When energy was used: every hour of a month or a year in one picture. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { carbonText, moneyText } from "../../costs/money";
import type { Costs } from "../../costs/shapes";
import { address } from "../../data/http";
import { now, timezone } from "../../data/live";
import type { Energy } from "../../data/shapes";
import { nameOf } from "../../devices/points";
import { amountText, formatter } from "../../text/format";
import { say } from "../../text/words";
import { Amount } from "../amounts";
import { useAnswer } from "../answers";
import { dayText, periodTitle } from "../../time/calendar";
import { NoData } from "../no_data";
import { csvText, energyCsv, type Table } from "../table";
import { Under } from "../under";
import { IMPORT } from "../energy";
import { ENERGY, type PanelProps } from "../view";
import { shownRows, type Money } from "../costs/costs";
import { costCsvRows } from "../costs/cost_panel";
import { askedOf, cellTime, HOURS_A_DAY, heatOf, heatOfCosts, meansOf, type Heat } from "./heat";
import { HeatMap } from "./heat_map";
import { PanelState } from "../panel_state";

type Text = (value: number) => string;

const HOUR_S = 3600;

export function HeatPanel({ view, period, able, shown, colour, show }: PanelProps) {
  const zone = timezone.value;
  const end = Math.min(period.end, Math.ceil(now.peek() / HOUR_S) * HOUR_S); // the same all through an hour
  const asked = askedOf(shown);
  const money: Money | undefined = view.measure === "energy" ? undefined : view.measure;
  const span = { by: "hour", start: period.start, end: Math.max(end, period.start + HOUR_S) };
  const place = money
    ? address("/api/costs", span)
    : address("/api/energy", { ...span, device: asked.map((one) => one.id) });
  const { answer, of, isLoading, error, again } = useAnswer<Energy | Costs>(place, 0);
  const hierarchy = shown.map((one) => `${one.id} ${one.parent} ${one.produces}`).join("\n");
  const chosen = view.devices && shown.length < able.length ? shown.map((one) => one.id) : null;
  const costs = answer && "tariff" in answer ? answer : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: lists and days by what is in them, since they are made again each time
  const heat = useMemo(() => {
    if (!answer) return undefined;
    return "tariff" in answer
      ? heatOfCosts(answer, shownRows(answer, chosen), money ?? "cost", view.range, view.on)
      : heatOf(answer, shown, view.range, view.on);
  }, [answer, hierarchy, money, dayText(view.on), view.range]);
  const text: Text = (value) =>
    !costs
      ? amountText(value)
      : money === "carbon"
        ? carbonText(value)
        : moneyText(value, costs.currency, costs.digits);
  const over = useSignal<number | null>(null);
  const isKnown = heat?.cells.some((cell) => cell !== undefined) ?? false;
  const [only] = shown.length === 1 ? shown : [];
  const titles = money
    ? [say(money === "cost" ? "history.cost" : "history.carbon"), say("history.earned")]
    : heat?.hasMeter
      ? [say("history.from_grid"), say("history.to_grid")]
      : [only ? nameOf(only) : say("history.used"), ""];
  const use = heat?.hasMeter || (money && !only) ? "var(--from-grid)" : only ? colour(only.id) : "var(--rest)";
  const title = `${say("history.hours")}, ${periodTitle(view.range, view.on)}`;
  const open = (cell: number) => heat && show({ ...view, range: "day", what: [ENERGY], on: cellTime(heat, cell).day });
  return (
    <section class="panel heat-panel" aria-label={title}>
      <h2 class="hidden-text">{title}</h2>
      <PanelState waits={isLoading && of !== place} error={error} again={again} />
      {answer && !isKnown && (
        <NoData series={asked.map((one) => `${one.id}.${IMPORT}`)} goTo={(on) => show({ ...view, on })} />
      )}
      <div class="canvas-box heat-box" data-dim={isLoading || undefined}>
        {heat && (
          <HeatMap
            heat={heat}
            range={view.range}
            use={use}
            given="var(--export)"
            over={over}
            open={open}
            label={say("history.hours_label", {
              period: periodTitle(view.range, view.on),
              totals: totalsText(heat, titles, text),
            })}
            tip={(cell) => <Tip heat={heat} place={cell} titles={titles} text={text} />}
          />
        )}
      </div>
      <div class="ramps">
        {heat && <Ramp title={titles[0] ?? ""} colour={use} most={text(heat.mostUse)} />}
        {heat && heat.mostGiven > 0 && (
          <Ramp title={titles[1] ?? ""} colour="var(--export)" most={text(heat.mostGiven)} />
        )}
      </div>
      {heat && answer && (
        <Under
          table={() => heatTable(heat, costs ? text : amountText)}
          caption={say("history.hours_caption", { what: titles[0] ?? "" })}
          csv={{
            text: () => ("tariff" in answer ? csvText(costCsvRows(answer, zone)) : energyCsv(answer, zone)),
            name: `unclouded-hours-${dayText(view.on)}-${view.range}.csv`,
          }}
        />
      )}
      <div class="figures">
        <p class="soft">{titles[0]}</p>
        <p class="figure-number">{!heat || !isKnown ? "–" : costs ? text(heat.use) : <Amount Wh={heat.use} />}</p>
        {heat && heat.given > 0 && (
          <p class="lead">
            <b>{text(heat.given)}</b> {costs ? say("history.earned_text") : say("history.given_text")}
          </p>
        )}
        {heat && isKnown && <p class="lead">{busiestText(heat)}</p>}
      </div>
    </section>
  );
}

function Tip({ heat, place, titles, text }: { heat: Heat; place: number; titles: readonly string[]; text: Text }) {
  const { day, hour } = cellTime(heat, place);
  const cell = heat.cells[place];
  const date = formatter("UTC", { weekday: "short", day: "numeric", month: "long" }).format(
    Date.UTC(day.year, day.month - 1, day.day),
  );
  return (
    <div aria-live="polite">
      <b>{say("history.hour_of", { date: date.replace(",", ""), from: hour, to: hour + 1 })}</b>
      {cell ? (
        <dl>
          <div>
            <dt>{titles[0]}</dt>
            <dd>{text(cell.use)}</dd>
          </div>
          {cell.given > 0 && (
            <div>
              <dt>{titles[1]}</dt>
              <dd>{text(cell.given)}</dd>
            </div>
          )}
        </dl>
      ) : (
        <p>{say("history.not_measured")}</p>
      )}
    </div>
  );
}

function Ramp({ title, colour, most }: { title: string; colour: string; most: string }) {
  return (
    <span class="ramp small soft">
      {title} <i aria-hidden="true" style={{ background: `linear-gradient(90deg, var(--surface), ${colour})` }} />{" "}
      {most}
    </span>
  );
}

function totalsText(heat: Heat, titles: readonly string[], text: Text): string {
  const use = `${titles[0]}: ${text(heat.use)}.`;
  return heat.given > 0 ? `${use} ${titles[1]}: ${text(heat.given)}.` : use;
}

/** `Most of it between 18 and 19 h, least between 3 and 4 h.` */
function busiestText(heat: Heat): string {
  const sums = Array.from({ length: HOURS_A_DAY }, (_, hour) =>
    heat.cells.reduce((sum, cell, place) => sum + (place % HOURS_A_DAY === hour ? (cell?.use ?? 0) : 0), 0),
  );
  const [most, least] = [sums.indexOf(Math.max(...sums)), sums.indexOf(Math.min(...sums))];
  return say("history.busiest", { from: most, to: most + 1, least, until: least + 1 });
}

/** Means of each hour of the day, a column for each month. */
function heatTable(heat: Heat, text: Text): Table {
  const { months, use } = meansOf(heat);
  const month = formatter("UTC", { month: "short" });
  const head = [say("history.hour"), ...months.map((day) => month.format(Date.UTC(day.year, day.month - 1, day.day)))];
  const rows = Array.from({ length: HOURS_A_DAY }, (_, hour) => [
    `${hour}–${hour + 1}`,
    ...use.map((means) => (means[hour] === undefined ? "–" : text(means[hour]))),
  ]);
  return { head, rows, step: "" };
}
