/**
 * What the energy of a period cost, or the carbon dioxide of it: bars, the figure, what cost most, what solar saved.
 */
import { useSignal } from "@preact/signals";

import { CostLinks } from "../../costs/tabs";
import { carbonText, currencySign, moneyText, priceText } from "../../costs/money";
import type { CostRow, Costs } from "../../costs/shapes";
import { address } from "../../data/http";
import { now, timezone } from "../../data/live";
import type { Energy } from "../../data/shapes";
import { Fact } from "../../parts/fact";
import { amountText } from "../../text/format";
import { say } from "../../text/words";
import { useAnswer } from "../answers";
import { percentText } from "../balance";
import { BarChart } from "../bar_chart";
import { dayOf, dayText, periodTitle, RANGES, type Span, PERIOD_NAMES } from "../../time/calendar";
import { atPlaces, changeText, comparisonOf, placesAmong } from "../comparison";
import { BY, type Part } from "../energy";
import { otherTitle, partName } from "../energy_panel";
import { csvText, isoText, periodText, type Table } from "../table";
import { axisNumbers } from "../../charts/ticks";
import { Under } from "../under";
import { addressOf, REST, type View, type PanelProps } from "../view";
import {
  costBars,
  energyOfRows,
  heightsOfCosts,
  isComplete,
  partOf,
  rankedCosts,
  shownRows,
  sumOf,
  valueIn,
  type Money,
} from "./costs";
import { PanelState } from "../panel_state";

const POLL_MS = 60_000; // while the period is not over
const MOST_IN_TIP = 5;

export function CostPanel({ view, period, able, shown, today, colour, show }: PanelProps) {
  const zone = timezone.value;
  const money: Money = view.measure === "carbon" ? "carbon" : "cost";
  const by = BY[view.range];
  const place = address("/api/costs", { by, start: period.start, end: period.end });
  const { answer, of, isLoading, error, again } = useAnswer<Costs>(place, period.end > now.peek() ? POLL_MS : 0);
  const isStale = of !== place;
  const over = useSignal<number | null>(null);
  const chosen =
    view.devices && shown.length < able.length
      ? view.devices.includes(REST)
        ? [REST]
        : shown.map((one) => one.id)
      : null;
  const rows = answer ? shownRows(answer, chosen) : [];
  const bars = answer && costBars(answer, rows, money);
  const { other, isIncomplete } = useOther(view, money, chosen, answer);
  const paint = (part: Part, device: string) => paintOf(part, device, colour);
  const text = (value: number | undefined) => (answer ? valueText(value, money, answer) : "–");
  const total = isStale ? undefined : answer && sumOf(answer, rows, money);
  const heights = other ? heightsOfCosts(other.costs, shownRows(other.costs, chosen), money) : [];
  const before =
    answer && !isStale && other ? atPlaces(heights, placesAmong(view.range, answer.at, other.costs.at, zone)) : [];
  const fewer = RANGES[RANGES.indexOf(view.range) - 1];
  const into = (index: number): View | undefined => {
    const start = answer?.at[index];
    if (start === undefined || !fewer || start > now.peek()) return undefined;
    return { ...view, range: view.range === "year" ? "month" : "day", what: ["energy"], on: dayOf(start, zone) };
  };
  const name = money === "cost" ? say("history.cost") : say("history.carbon");
  const title = `${name}, ${periodTitle(view.range, view.on)}`;
  const height = innerWidth < 900 ? 260 : 348;
  const axis = (ticks: readonly number[]) =>
    axisNumbers(ticks, 1).map((one, index) =>
      index === ticks.length - 1 ? `${one} ${money === "cost" ? currencySign(answer?.currency ?? "EUR") : "kg"}` : one,
    );
  return (
    <section class="panel cost-panel" aria-label={title}>
      <h2 class="hidden-text">{title}</h2>
      <PanelState waits={isLoading && isStale} error={error} again={again} />
      <div class="canvas-box" style={{ height: `${height}px` }} data-dim={isStale || undefined}>
        {answer && bars && (
          <BarChart
            energy={asEnergy(answer)}
            bars={bars}
            zone={zone}
            height={height}
            paint={(part, device) => (part === "rest" ? "var(--rest-fill)" : paint(part, device))}
            before={before}
            axis={axis}
            label={`${title}. ${name}: ${text(total)}.`}
            over={over}
            open={
              view.range === "day"
                ? undefined
                : (index) => {
                    const next = isStale ? undefined : into(index);
                    if (next) show(next);
                  }
            }
            tip={(index) => <CostTip {...{ costs: answer, rows, index, money, zone, paint }} />}
          />
        )}
      </div>
      <p class="small soft notes">
        {before.length > 0 && other ? say("history.before_hint", { period: other.title }) : ""}
        {isIncomplete && !isStale ? say("history.before_unknown", { period: otherTitle(view) }) : ""}
      </p>
      {answer && !isStale && <Gaps costs={answer} money={money} />}
      <div class="energy-columns">
        <div class="figures">
          <p class="soft">{name}</p>
          <p class="figure-number">{text(total)}</p>
          {other && other.now !== undefined && other.before !== undefined && changeText(other.now, other.before) && (
            <p class="lead">
              <b>{changeText(other.now, other.before)}</b>{" "}
              {say("history.change_on", { period: other.text, before: text(other.before) })}
            </p>
          )}
          {answer && !isStale && <p class="lead">{averageText(answer, rows, money, total)}</p>}
        </div>
        <div class="ranks">
          <CostLinks />
          {answer && (
            <Ranks
              {...{
                costs: answer,
                money,
                chosen,
                paint,
                isStale,
                choose: (id) => show({ ...view, devices: chosen?.includes(id) ? null : [id] }, true),
              }}
            />
          )}
          {answer && (
            <Under
              table={() => costTable(answer, rows, money, zone)}
              caption={`${title}.`}
              csv={{
                text: () => csvText(costCsvRows(answer, zone)),
                name: `unclouded-costs-${dayText(view.on)}-${view.range}.csv`,
              }}
              link={(row) => {
                const next = view.range === "day" ? undefined : into(row);
                return next && addressOf(next, today);
              }}
            />
          )}
        </div>
        {answer?.solar && !chosen && !isStale && <Solar costs={answer} />}
      </div>
    </section>
  );
}

type Other = Readonly<{
  costs: Costs;
  title: string;
  text: string;
  now: number | undefined;
  before: number | undefined;
}>;

/** The other period, like with like, if both are known completely, else `isIncomplete`; of a year by days, because its last month is not complete. */
function useOther(
  view: View,
  money: Money,
  chosen: readonly string[] | null,
  answer: Costs | undefined,
): { other?: Other; isIncomplete: boolean } {
  const comparison = comparisonOf(view.range, view.on, now.peek(), timezone.value, view.against);
  const isYear = view.range === "year";
  const of = (span: Span, by: string) => address("/api/costs", { by, start: span.start, end: span.end });
  const whole = comparison ? of(comparison.whole, BY[view.range]) : "";
  const found = useAnswer<Costs>(whole, 0);
  const days = useAnswer<Costs>(comparison && isYear ? of(comparison.previous, "day") : "", 0);
  const mine = useAnswer<Costs>(comparison && isYear ? of(comparison.current, "day") : "", 0);
  const current = isYear ? mine.answer : answer;
  const previous = isYear ? days.answer : found.answer;
  if (!comparison || !found.answer || found.of !== whole || !current || !previous) return { isIncomplete: false };
  const isKnown = (costs: Costs, end: number) => isComplete(costs, shownRows(costs, chosen), money, end);
  if (!isKnown(current, comparison.current.end) || !isKnown(previous, comparison.previous.end))
    return { isIncomplete: true };
  const sum = (costs: Costs, end: number) => sumOf(costs, shownRows(costs, chosen), money, end);
  const other = {
    costs: found.answer,
    title: comparison.title,
    text: comparison.text,
    now: sum(current, comparison.current.end),
    before: sum(previous, comparison.previous.end),
  };
  return { other, isIncomplete: false };
}

type RankProps = Readonly<{
  costs: Costs;
  money: Money;
  chosen: readonly string[] | null;
  isStale: boolean;
  paint: (part: Part, device: string) => string;
  choose: (id: string) => void;
}>;

/** What cost most. A row filters the chart. */
function Ranks({ costs, money, chosen, isStale, paint, choose }: RankProps) {
  return (
    <ul class="rank">
      <li class="rank-head" aria-hidden="true">
        <span>{say("history.device")}</span>
        <span class="track" />
        <span class="number">{money === "cost" ? say("history.cost") : say("history.co2")}</span>
        <span class="number share">{say("history.share")}</span>
        <span class="number change">{say("history.energy")}</span>
      </li>
      {rankedCosts(costs, money).map(({ row, value, share, length }) => {
        const id = row.kind === "rest" ? REST : row.id;
        const inside = (
          <>
            <span class="name">
              <span class="swatch" data-mark style={{ background: paint(partOf(row), row.id) }} />
              <span>{nameOfRow(row)}</span>
            </span>
            <span class="track" aria-hidden="true">
              {value !== 0 && (
                <i data-mark style={{ width: `${length * 100}%`, background: paint(partOf(row), row.id) }} />
              )}
            </span>
            <span class="number">
              <b>{isStale ? "–" : valueText(value, money, costs)}</b>
            </span>
            <span class="number share soft">{share ? percentText(share) : ""}</span>
            <span class="number change soft">{row.total_kWh ? amountText(Math.abs(row.total_kWh) * 1000) : ""}</span>
          </>
        );
        const isButton = row.kind === "device" || row.kind === "rest";
        return (
          <li key={`${row.kind} ${row.id}`}>
            {isButton ? (
              <button
                type="button"
                class="bare"
                aria-pressed={chosen?.length === 1 && chosen[0] === id}
                onClick={() => choose(id)}
              >
                {inside}
              </button>
            ) : (
              <div>{inside}</div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

type TipProps = Readonly<{
  costs: Costs;
  rows: readonly CostRow[];
  index: number;
  money: Money;
  zone: string;
  paint: (part: Part, device: string) => string;
}>;

function CostTip({ costs, rows, index, money, zone, paint }: TipProps) {
  const values = rows
    .map((row) => ({ row, value: valueIn(row, money, index) ?? 0 }))
    .filter(({ value }) => value !== 0);
  const total = values.reduce((sum, { value }) => sum + value, 0);
  const largest = values.sort((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, MOST_IN_TIP);
  return (
    <div aria-live="polite">
      <b>
        {periodText(costs.at[index] ?? 0, byOf(costs), zone)} · {valueText(total, money, costs)}
      </b>
      <dl>
        {largest.map(({ row, value }) => (
          <div key={`${row.kind} ${row.id}`}>
            <dt>
              <span class="swatch" data-mark style={{ background: paint(partOf(row), row.id) }} />
              {nameOfRow(row)}
            </dt>
            <dd>{valueText(value, money, costs)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What is not in the sums: energy without a price, times without energy. */
function Gaps({ costs, money }: { costs: Costs; money: Money }) {
  const unpriced = costs.unpriced_kWh ?? 0;
  const unrated = costs.no_intensity_kWh ?? 0;
  const hasCarbon = costs.rows.some((row) => (row.kg ?? []).some((kg) => kg !== null));
  const missing = costs.missing_share ?? 0;
  const notes = [
    money === "cost" && unpriced > 0 && say("history.unpriced", { energy: amountText(unpriced * 1000) }),
    missing > 0.005 && say("history.load_missing", { part: percentText(missing) }),
    money === "carbon" && !hasCarbon && say("history.no_carbon"),
    money === "carbon" &&
      hasCarbon &&
      unrated > 0 &&
      say("history.no_intensity", { energy: amountText(unrated * 1000) }),
  ].filter(Boolean);
  return notes.length ? <p class="small soft">{notes.join(" ")}</p> : null;
}

function Solar({ costs }: { costs: Costs }) {
  const solar = costs.solar;
  if (!solar) return null;
  const money = (amount: string) => moneyText(amount, costs.currency, costs.digits);
  return (
    <section class="production" aria-label={say("history.solar_saved")}>
      <h2>{say("history.solar_saved")}</h2>
      <dl>
        <Fact name={say("history.saved")}>{money(solar.saved)}</Fact>
        <Fact name={say("history.earned")}>{money(solar.earned)}</Fact>
        {solar.kg !== null && solar.kg !== undefined && (
          <Fact name={say("history.carbon_avoided")}>{carbonText(solar.kg)}</Fact>
        )}
      </dl>
    </section>
  );
}

/** `620 kWh, on average 0.148 €/kWh.` */
function averageText(costs: Costs, rows: readonly CostRow[], money: Money, total: number | undefined): string {
  const kWh = energyOfRows(rows);
  if (!kWh || total === undefined) return "";
  const energy = amountText(kWh * 1000);
  return money === "cost"
    ? say("history.average_price", { energy, price: priceText(total / kWh, costs.currency, costs.digits) })
    : say("history.average_carbon", { energy, carbon: `${Math.round((total / kWh) * 1000)} g` });
}

function valueText(value: number | undefined, money: Money, costs: Costs): string {
  if (value === undefined) return "–";
  return money === "cost" ? moneyText(value, costs.currency, costs.digits) : carbonText(value);
}

function nameOfRow(row: CostRow): string {
  return row.kind === "device" ? row.name || row.id : partName(partOf(row), row.id);
}

function paintOf(part: Part, device: string, colour: (id: string) => string): string {
  return part === "rest"
    ? "var(--rest)"
    : part === "export"
      ? "var(--export)"
      : part === "fixed"
        ? "var(--edge)"
        : colour(device);
}

function byOf(costs: Costs): Energy["by"] {
  return costs.by === "billing" ? "month" : costs.by;
}

function asEnergy(costs: Costs): Energy {
  return { by: byOf(costs), timezone: costs.timezone, at: costs.at, rows: [] };
}

function costTable(costs: Costs, rows: readonly CostRow[], money: Money, zone: string): Table {
  const head = [say(PERIOD_NAMES[byOf(costs)]), ...rows.map(nameOfRow), say("history.total")];
  const lines = costs.at.slice(0, -1).map((at, period) => [
    periodText(at, byOf(costs), zone),
    ...rows.map((row) => valueText(valueIn(row, money, period), money, costs)),
    valueText(
      rows.reduce<number | undefined>(
        (sum, row) => ((value) => (value === undefined ? sum : (sum ?? 0) + value))(valueIn(row, money, period)),
        undefined,
      ),
      money,
      costs,
    ),
  ]);
  return { head, rows: lines, step: "" };
}

/** Exact amounts, as the hub has them. */
export function costCsvRows(costs: Costs, zone: string): (string | number)[][] {
  const rows = costs.at
    .slice(0, -1)
    .flatMap((at, period) =>
      costs.rows.map((row) => [
        isoText(at, zone),
        isoText(costs.at[period + 1] ?? at, zone),
        row.kind,
        row.id,
        row.inside ?? "",
        row.cost[period] ?? "",
        costs.currency,
        row.kWh[period] ?? "",
        row.kg?.[period] ?? "",
      ]),
    );
  return [["start", "end", "kind", "id", "inside", "cost", "currency", "kWh", "kg_CO2"], ...rows];
}
