/** Energy by hour, day or month as bars, with the total as text. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { quantityText } from "../text/format";
import { address } from "../data/http";
import { deviceOf, now, timezone } from "../data/live";
import { Notice } from "../parts/notice";
import { nameOf } from "../devices/points";
import type { Device, Energy } from "../data/shapes";
import { say } from "../text/words";
import { useAnswer } from "./answers";
import { BarChart } from "./bar_chart";
import { dayOf, dayText, periodTitle, RANGES, shifted, type Day, type Span } from "./calendar";
import { barsOf, BY, EXPORT, IMPORT, SOURCES, totalsOf, type Bar, type Part, type Totals } from "./energy";
import { NoData } from "./no_data";
import { addressOf, type View } from "./view";
import { energyCsv, energyTable, periodText } from "./table";
import { Under } from "./under";

type Props = Readonly<{
  view: View; period: Span; shown: readonly Device[]; today: Day; colour: (id: string) => string;
  show: (view: View, replace?: boolean) => void;
}>;

const VISIBLE = 5; // Wh: less is shown as 0.00 kWh
const POLL_MS = 30_000; // while the period is not over

export function EnergyPanel({ view, period, shown, today, colour, show }: Props) {
  const zone = timezone.value;
  const by = BY[view.range];
  const asked = address("/api/energy", { by, start: period.start, end: period.end, device: shown.map((one) => one.id) });
  const { answer, of, isLoading, error, again } = useAnswer<Energy>(asked, period.end > now.peek() ? POLL_MS : 0);
  const isStale = of !== asked;
  const over = useSignal<number | null>(null);
  const hierarchy = shown.map((one) => `${one.id} ${one.parent} ${one.produces}`).join("\n");
  const bars = useMemo(() => (answer ? barsOf(answer, shown, view.bars) : undefined), [answer, view.bars, hierarchy]);
  const totals = useMemo(() => (answer ? totalsOf(answer, shown) : undefined), [answer, hierarchy]);
  const text = totals ? totalText(totals) : "";
  const paint = (part: Part, device: string) => paintOf(part, device, colour);
  const fewer = RANGES[RANGES.indexOf(view.range) - 1];
  const into = (index: number): View | undefined => {
    const start = answer?.at[index];
    if (start === undefined || !fewer || start > now.peek()) return undefined;
    return { ...view, range: view.range === "year" ? "month" : "day", on: dayOf(start, zone) };
  };
  const open = (index: number) => {
    const next = isStale ? undefined : into(index);
    if (next) show(next);
  };
  const names = answer?.rows.map((row) => rowName(row.device, row.point, answer)) ?? [];
  const title = `${say("history.energy")}, ${periodTitle(view.range, view.on)}`;
  const height = innerWidth < 700 ? 260 : 340;
  return (
    <div
      class="panels" tabIndex={0} role="group" aria-label={say("history.charts")} aria-describedby="history-keys"
      onKeyDown={(event) => onKey(event, { view, today, show })}
    >
      <p id="history-keys" class="hidden-text">
        {say("history.keys_bars")}
      </p>
      <div class="row-of zoom-bar">
        <p class="span-text" />
        <p class="small soft waits" role="status">
          {isLoading && isStale ? say("history.loading") : ""}
        </p>
        <div class="row-of" role="group" aria-label={say("history.bar_layout")}>
          {(["stacked", "grouped"] as const).map((how) => (
            <button key={how} type="button" class="chip" aria-pressed={view.bars === how} onClick={() => show({ ...view, bars: how }, true)}>
              {say(`history.${how}`)}
            </button>
          ))}
        </div>
      </div>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {!isStale && totals && !totals.isKnown && (
        <NoData series={shown.map((one) => `${one.id}.${IMPORT}`)} goTo={(on) => show({ ...view, on })} />
      )}
      <section class="card panel" aria-label={title}>
        <div class="panel-head">
          <h2>{say("history.energy")}</h2>
          <p class="small soft">{over.value === null ? "" : whenText(answer, over.value, zone)}</p>
        </div>
        <p class="energy-total">{text}</p>
        <Legend totals={totals} bars={bars?.bars ?? []} over={over.value} paint={paint} />
        <div class="canvas-box" style={{ height: `${height}px` }} data-dim={isStale || undefined}>
          {answer && bars && (
            <BarChart
              energy={answer} bars={bars} zone={zone} height={height} paint={paint} 
              label={say("history.energy_label", { period: periodTitle(view.range, view.on), totals: text })}
              over={over} open={view.range === "day" ? undefined : open}
            />
          )}
        </div>
        <p class="small soft notes">{notesOf(bars?.bars ?? [])}</p>
        {answer && (
          <Under
            table={() => energyTable(answer, names, zone)} caption={`${title}.`}
            csv={{ text: () => energyCsv(answer, zone), name: `unclouded-energy-${dayText(view.on)}-${view.range}.csv` }}
            link={(row) => {
              const next = view.range === "day" ? undefined : into(row);
              return next && addressOf(next, today);
            }}
          />
        )}
      </section>
    </div>
  );
}

type LegendProps = Readonly<{
  totals: Totals | undefined; bars: readonly Bar[]; over: number | null; paint: (part: Part, device: string) => string;
}>;

/** The legend with energy: of the period under the pointer, or of the whole range. */
function Legend({ totals, bars, over, paint }: LegendProps) {
  return (
    <div class="readout">
      <ul>
        {totals?.each.map(({ part, device, Wh, estimated }) => {
          const bar = over === null ? undefined : bars.find((one) => one.period === over && one.part === part && one.device === device);
          const shown = over === null ? Wh : bar ? Math.abs(bar.to - bar.from) : 0;
          const isEstimated = over === null ? estimated : (bar?.estimated ?? false);
          return (
            <li key={`${part} ${device}`}>
              <span class="legend">
                <span class="swatch" data-mark style={{ background: paint(part, device) }} />
                {partName(part, device)}
              </span>
              <span class="number">
                {isEstimated && <span class="soft">~</span>}
                {quantityText(shown, "Wh")}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function onKey(event: KeyboardEvent, { view, today, show }: Pick<Props, "view" | "today" | "show">): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof Element && event.target.closest("input, select, .table-box")) return;
  const step = (by: number) => {
    const on = shifted(view.range, view.on, by);
    if (by < 0 || dayText(on) <= dayText(today)) show({ ...view, on });
  };
  const range = (by: number) => {
    const next = RANGES[RANGES.indexOf(view.range) + by];
    if (next) show({ ...view, range: next });
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1), "+": () => range(-1), "=": () => range(-1), "-": () => range(1), "−": () => range(1),
    Home: () => show({ ...view, on: today }),
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** `54.10 kWh used: 50.20 kWh imported from the grid, 3.90 kWh produced at home. 2.00 kWh exported to the grid.` */
export function totalText(totals: Totals): string {
  if (!totals.isKnown) return say("history.total_unknown");
  const kWh = (Wh: number) => quantityText(Wh, "Wh");
  const used = kWh(Math.max(totals.used, 0));
  const text = [];
  if (totals.import === undefined) text.push(say("history.total_devices", { used }));
  else if (totals.produced >= VISIBLE) text.push(say("history.total_produced", { used, import: kWh(totals.import), produced: kWh(totals.produced) }));
  else text.push(say("history.total_metered", { used, import: kWh(totals.import) }));
  if ((totals.export ?? 0) >= VISIBLE) text.push(say("history.total_export", { export: kWh(totals.export ?? 0) }));
  if (totals.estimated) text.push(say("history.total_estimated"));
  return text.join(" ");
}

function notesOf(bars: readonly Bar[]): string {
  const hasSources = bars.some((bar) => bar.slot === SOURCES);
  const isEstimated = bars.some((bar) => bar.estimated);
  return [hasSources && say("history.sources_hint"), isEstimated && say("history.estimated_hint")].filter(Boolean).join(" ");
}

function paintOf(part: Part, device: string, colour: (id: string) => string): string {
  if (part === "rest") return "var(--rest)";
  if (part === "export") return "var(--export)";
  return colour(device);
}

function partName(part: Part, id: string): string {
  if (part === "rest") return say("history.rest");
  if (part === "import") return say("history.from_grid");
  if (part === "export") return say("history.to_grid");
  return deviceName(id);
}

/** The name of a row; import and export are named only for devices that have both counters. */
function rowName(id: string, point: string, energy: Energy): string {
  const name = deviceName(id);
  if (point === EXPORT) return say("history.export", { name });
  const hasBoth = energy.rows.some((row) => row.device === id && row.point === EXPORT);
  return point === IMPORT && !hasBoth ? name : point === IMPORT ? say("history.import", { name }) : `${name}, ${point}`;
}

function deviceName(id: string): string {
  const device = deviceOf(id);
  return device ? nameOf(device) : id;
}

function whenText(energy: Energy | undefined, period: number, zone: string): string {
  const start = energy?.at[period];
  return energy && start !== undefined ? periodText(start, energy.by, zone) : "";
}
