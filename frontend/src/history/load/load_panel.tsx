/** How long the power was how high, the base load, and what makes it up. */
import { useSignal } from "@preact/signals";

import { moneyText } from "../../costs/money";
import { activeOf, tariffs } from "../../costs/tariffs";
import { meanPrice, type Prices } from "../../costs/week";
import { address } from "../../data/http";
import { deviceOf, now, timezone } from "../../data/live";
import { nameOf } from "../../devices/points";
import { Fact } from "../../parts/fact";
import { amountText, countText, quantityText, THIN } from "../../text/format";
import { say } from "../../text/words";
import { Quantity } from "../../parts/quantity";
import { useAnswer } from "../answers";
import { percentText } from "../balance";
import { dayText, periodTitle } from "../../time/calendar";
import { NoData } from "../no_data";
import { csvText, momentText, type Table } from "../table";
import { Under } from "../under";
import type { View, PanelProps } from "../view";
import { loadCsvRows, loadRows, reachedIn, type Load, type LoadCurve } from "./load";
import { LoadChart } from "./load_chart";
import { PanelState } from "../panel_state";

const HOUR_S = 3600;
const MOST_IN_TIP = 5;
const LEAST_KNOWN = 0.99; // of the period: below it, what is missing is said

export function LoadPanel({ view, period, able, shown, colour, show }: PanelProps) {
  const ids = shown.length === able.length ? [] : shown.map((one) => one.id);
  const end = Math.min(period.end, Math.ceil(now.peek() / HOUR_S) * HOUR_S); // the same all through an hour
  const place = address("/api/history/load", {
    start: period.start,
    end: Math.max(end, period.start + HOUR_S),
    device: ids,
  });
  const { answer, of, isLoading, error, again } = useAnswer<Load>(place, 0);
  const over = useSignal<number | null>(null);
  const paint = (device: string) => (device ? colour(device) : "var(--rest)");
  const title = `${say("history.load")}, ${periodTitle(view.range, view.on)}`;
  const known = answer?.curves.filter((one) => one.W.length > 0) ?? [];
  const [only] = answer?.curves.length === 1 ? answer.curves : [];
  const base = only?.base;
  const height = innerWidth < 900 ? 260 : 348;
  const toDevice = (device: string) => show({ ...view, devices: device ? [device] : null });
  return (
    <section class="panel load-panel" aria-label={title}>
      <h2 class="hidden-text">{title}</h2>
      <PanelState waits={isLoading && of !== place} error={error} again={again} />
      {answer && !known.length && (
        <NoData series={shown.map((one) => `${one.id}.power_W`)} goTo={(on) => show({ ...view, on })} />
      )}
      <div class="canvas-box" style={{ height: `${height}px` }} data-dim={isLoading || undefined}>
        {answer && (
          <LoadChart
            load={answer}
            height={height}
            paint={paint}
            over={over}
            label={labelOf(answer, view)}
            baseW={base?.W}
            baseText={base ? say("history.base_line", { power: quantityText(base.W, "W") }) : ""}
            tip={(share) => <Tip load={answer} share={share} />}
          />
        )}
      </div>
      <p class="small soft notes">{answer && known.length ? notesOf(answer) : ""}</p>
      <div class="energy-columns">
        {only ? <BaseFigures curve={only} /> : <div class="figures" />}
        <div class="ranks">
          {only && base && base.parts.length > 0 && <BaseParts curve={only} paint={paint} choose={toDevice} />}
          {answer && !only && <BaseEach curves={answer.curves} paint={paint} choose={toDevice} />}
          {only && known.length > 0 && <Landmarks curve={only} />}
          {answer && known.length > 0 && (
            <Under
              table={() => loadTable(answer)}
              caption={`${title}.`}
              csv={{
                text: () => csvText(loadCsvRows(answer)),
                name: `unclouded-load-${dayText(view.on)}-${view.range}.csv`,
              }}
            />
          )}
        </div>
      </div>
    </section>
  );
}

/** `Base load 180 W. Your home never uses less; that is 1,577 kWh a year, 40 % of what it uses.` */
function BaseFigures({ curve }: { curve: LoadCurve }) {
  const active = activeOf(tariffs.value);
  const prices = useAnswer<Prices>(active ? "/api/tariffs/prices" : "", 0).answer;
  const mean = prices && meanPrice(prices);
  const { base, mean_W, device } = curve;
  const name = curveName(device);
  return (
    <div class="figures">
      <p class="soft">{say("history.base_load")}</p>
      <p class="figure-number">{base ? <Quantity value={base.W} unit="W" /> : "–"}</p>
      {!base && <p class="lead">{say("history.base_unknown")}</p>}
      {base && (
        <p class="lead">
          <b>
            {device
              ? say("history.base_device", { name, power: quantityText(base.W, "W") })
              : say("history.base_home", { power: quantityText(base.W, "W") })}
          </b>{" "}
          {say("history.base_year", {
            energy: amountText(base.kWh_year * 1000),
            part: percentText(mean_W ? Math.max(Math.min(base.W / mean_W, 1), 0) : 0).replace(" ", THIN),
          })}{" "}
          {active &&
            mean !== undefined &&
            say("history.base_cost", { cost: moneyText(base.kWh_year * mean, active.currency, active.digits) })}
        </p>
      )}
    </div>
  );
}

/** The highest power, the highest hundredth, the median and the mean. */
function Landmarks({ curve }: { curve: LoadCurve }) {
  const text = (W: number | null | undefined) => (W === null || W === undefined ? "–" : quantityText(W, "W"));
  return (
    <dl class="landmarks">
      <Fact name={say("history.highest")}>
        {text(curve.highest_W)}
        {curve.highest_at !== null && curve.highest_at !== undefined && (
          <span class="small soft"> {momentText(curve.highest_at, timezone.value).slice(0, -3)}</span>
        )}
      </Fact>
      <Fact name={say("history.top")}>{text(curve.top_W)}</Fact>
      <Fact name={say("history.median")}>{text(curve.median_W)}</Fact>
      <Fact name={say("history.mean_power")}>{text(curve.mean_W)}</Fact>
    </dl>
  );
}

type ListProps = Readonly<{ paint: (device: string) => string; choose: (device: string) => void }>;

/** What draws power all the time; together the base load. A row shows the curve of that device. */
function BaseParts({ curve, paint, choose }: ListProps & { curve: LoadCurve }) {
  const parts = curve.base?.parts ?? [];
  const whole = curve.base?.W ?? 0;
  const most = Math.max(0, ...parts.map(({ W }) => W));
  const rows = parts.map(({ device, W }) => ({
    device,
    W,
    length: most ? W / most : 0,
    second: percentText(whole ? W / whole : 0),
    third: amountText(W * 8760),
  }));
  return (
    <PowerList
      title={say("history.base_parts")}
      second={say("history.share")}
      rows={rows}
      paint={paint}
      choose={choose}
    />
  );
}

/** The base load of each chosen device. */
function BaseEach({ curves, paint, choose }: ListProps & { curves: readonly LoadCurve[] }) {
  const known = curves.filter(({ base }) => base).sort((one, other) => (other.base?.W ?? 0) - (one.base?.W ?? 0));
  const most = Math.max(0, ...known.map(({ base }) => base?.W ?? 0));
  const rows = known.map(({ device, base, highest_W }) => ({
    device,
    W: base?.W ?? 0,
    length: most ? Math.max(base?.W ?? 0, 0) / most : 0,
    second: quantityText(highest_W ?? 0, "W"),
    third: amountText((base?.kWh_year ?? 0) * 1000),
  }));
  return (
    <PowerList
      title={say("history.base_load")}
      second={say("history.highest")}
      rows={rows}
      paint={paint}
      choose={choose}
    />
  );
}

type PowerRow = Readonly<{ device: string; W: number; length: number; second: string; third: string }>;

function PowerList({
  title,
  second,
  rows,
  paint,
  choose,
}: ListProps & { title: string; second: string; rows: readonly PowerRow[] }) {
  return (
    <>
      <h3>{title}</h3>
      <ul class="rank">
        <li class="rank-head" aria-hidden="true">
          <span>{say("history.device")}</span>
          <span class="track" />
          <span class="number">{say("history.power")}</span>
          <span class="number share">{second}</span>
          <span class="number change">{say("history.a_year")}</span>
        </li>
        {rows.map((row) => {
          const inside = (
            <>
              <span class="name">
                <span class="swatch" data-mark style={{ background: paint(row.device) }} />
                <span>{row.device ? curveName(row.device) : say("history.rest")}</span>
              </span>
              <span class="track" aria-hidden="true">
                <i data-mark style={{ width: `${row.length * 100}%`, background: paint(row.device) }} />
              </span>
              <span class="number">
                <Quantity value={row.W} unit="W" />
              </span>
              <span class="number share soft">{row.second}</span>
              <span class="number change soft">{row.third}</span>
            </>
          );
          return (
            <li key={row.device}>
              {row.device ? (
                <button type="button" class="bare" onClick={() => choose(row.device)}>
                  {inside}
                </button>
              ) : (
                <div>{inside}</div>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Tip({ load, share }: { load: Load; share: number }) {
  const found = load.curves
    .map((curve) => ({ name: curveName(curve.device), W: reachedIn(curve, share) }))
    .filter(({ W }) => W !== undefined);
  const rows = found.sort((one, other) => (other.W ?? 0) - (one.W ?? 0)).slice(0, MOST_IN_TIP);
  return (
    <div aria-live="polite">
      <b>{say("history.part_of_time", { part: percentText(share), hours: countText(share * 24) })}</b>
      <dl>
        {rows.map(({ name, W }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{say("history.at_least", { power: quantityText(W ?? 0, "W") })}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

export function curveName(id: string): string {
  if (!id) return say("history.whole_home");
  const device = deviceOf(id);
  return device ? nameOf(device) : id;
}

function labelOf(load: Load, view: View): string {
  const lines = load.curves.map((curve) => {
    const name = curveName(curve.device);
    if (curve.median_W === null || curve.median_W === undefined) return say("history.line_empty", { name });
    const power = (W: number | null | undefined) => quantityText(W ?? 0, "W");
    return say("history.load_line", {
      name,
      highest: power(curve.highest_W),
      top: power(curve.top_W),
      median: power(curve.median_W),
      least: power(curve.W.at(-1)),
    });
  });
  return say("history.load_label", { period: periodTitle(view.range, view.on), lines: lines.join(" ") });
}

/** Of what the powers are means, and how much is not known. */
function notesOf(load: Load): string {
  const step = load.step >= 3600 ? "1 h" : `${load.step / 60} min`;
  const least = Math.min(...load.curves.map(({ known }) => known));
  const missing = least < LEAST_KNOWN ? say("history.load_missing", { part: percentText(1 - least) }) : "";
  return [say("history.load_step", { step }), missing].filter(Boolean).join(" ");
}

function loadTable(load: Load): Table {
  const head = [say("history.part"), ...load.curves.map((curve) => curveName(curve.device))];
  const rows = loadRows(load).map(({ share, W }) => [
    share < 0.01 ? `${countText(share * 100)} %` : percentText(share),
    ...W.map((one) => (one === undefined ? "–" : quantityText(one, "W"))),
  ]);
  return { head, rows, step: "" };
}
