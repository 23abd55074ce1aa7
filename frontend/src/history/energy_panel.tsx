/** Energy by hour, day or month: the bars, then the figures, the ranking and own production. */
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { activeOf, tariffs } from "../costs/tariffs";
import { planOf } from "../energy/flows";
import { address } from "../data/http";
import { deviceOf, now, timezone } from "../data/live";
import { nameOf } from "../devices/points";
import type { Energy } from "../data/shapes";
import { say } from "../text/words";
import { amountText } from "../text/format";
import { useAnswer } from "./answers";
import { balanceOf } from "./balance";
import { BarChart } from "./bar_chart";
import { BarTip, editNotes } from "./bar_tip";
import { dayOf, dayText, periodTitle, RANGES, shifted } from "../time/calendar";
import { useCompared, type Compared } from "./compared";
import { atPlaces, changeText, otherOf, placesAmong } from "./comparison";
import {
  barsOf,
  BY,
  EXPORT,
  heightsOf,
  IMPORT,
  sharesOf,
  totalsOf,
  type Bar,
  type Bars,
  type Part,
  type Share,
} from "./energy";
import { Figures, Production, sourceText } from "./figures";
import { NoData } from "./no_data";
import { ChangeList } from "./change_list";
import { changesOf, ranked, withIdle, type Ranked } from "./ranking";
import { PanelState } from "./panel_state";
import { RankList } from "./rank_list";
import { isRestOnly } from "./selection";
import { addressOf, REST, withRange, type Layout, type View, type PanelProps } from "./view";
import { energyCsv, energyTable } from "./table";
import { Under } from "./under";

type Props = PanelProps & {
  /** What is said of an answer, such as who gave it. */
  readonly about?: (answer: Energy) => string;
};

const POLL_MS = 30_000; // while the period is not over
const LAYOUT_NAMES = {
  stacked: "history.stacked",
  sources: "history.sources",
  grouped: "history.grouped",
  changes: "history.changes",
} as const;
const LAYOUTS = Object.keys(LAYOUT_NAMES) as Layout[];

export function EnergyPanel({ view, period, able, shown, today, colour, show, about }: Props) {
  const zone = timezone.value;
  const by = BY[view.range];
  const ids = able.map((one) => one.id);
  const asked = address("/api/energy", { by, start: period.start, end: period.end, device: ids });
  const { answer, of, isLoading, error, again } = useAnswer<Energy>(asked, period.end > now.peek() ? POLL_MS : 0);
  const isStale = of !== asked;
  const { compared, isIncomplete } = useCompared(view, ids, isStale ? undefined : answer);
  const over = useSignal<number | null>(null);
  const isRest = isRestOnly(view);
  const rows = answer?.rows.filter((row) => shown.some((one) => one.id === row.device)) ?? [];
  const layouts = LAYOUTS.filter(
    (one) => (one !== "sources" || planOf(able).meters.size > 0) && (one !== "changes" || view.against !== "none"),
  );
  const list = layouts.find((one) => one === view.bars) ?? "stacked";
  const how = list === "changes" ? "stacked" : list;
  const { bars, totals, before, places } = useDrawn({ view, able, shown }, how, answer, compared);
  const sum = (energy: Energy) =>
    heightsOf(energy, barsOf(energy, shown, "stacked", isRest)).reduce<number>((total, Wh) => total + (Wh ?? 0), 0);
  const used = answer && totals?.isKnown && !isStale ? sum(answer) : undefined;
  const [like, previous] = compared ? [sum(compared.now), sum(compared.previous)] : [0, 0];
  const isWhole = shown.length === able.length && !isRest;
  const balance = totals && isWhole ? balanceOf(totals) : undefined;
  const paint = (part: Part, device: string) => (part === "rest" ? "var(--rest-fill)" : paintOf(part, device, colour));
  const fewer = RANGES[RANGES.indexOf(view.range) - 1];
  const into = (index: number): View | undefined => {
    const start = answer?.at[index];
    if (start === undefined || !fewer || start > now.peek()) return undefined;
    return { ...view, range: view.range === "year" ? "month" : "day", what: ["energy"], on: dayOf(start, zone) };
  };
  const open = (index: number) => {
    const next = isStale ? undefined : into(index);
    if (next) show(next);
  };
  const title = `${say("history.energy")}, ${periodTitle(view.range, view.on)}`;
  const figures = figuresText(used, totals && isWhole ? sourceText(totals, balance) : "");
  const height = innerWidth < 900 ? 260 : 348;
  return (
    <div
      class="panels"
      tabIndex={0}
      role="group"
      aria-label={say("history.charts")}
      aria-describedby="history-keys"
      onKeyDown={(event) => onKey(event, { view, today, show })}
    >
      <p id="history-keys" class="hidden-text">
        {say("history.keys_bars")}
      </p>
      <PanelState waits={isLoading && isStale} error={error} again={again} />
      {!isStale && totals && !totals.isKnown && (
        <NoData series={shown.map((one) => `${one.id}.${IMPORT}`)} goTo={(on) => show({ ...view, on })} />
      )}
      <section class="panel" aria-label={title}>
        <h2 class="hidden-text">{title}</h2>
        <div class="canvas-box" style={{ height: `${height}px` }} data-dim={isStale || undefined}>
          {answer && bars && (
            <BarChart
              energy={answer}
              bars={bars}
              zone={zone}
              height={height}
              paint={paint}
              before={before}
              label={say("history.energy_label", { period: periodTitle(view.range, view.on), totals: figures })}
              over={over}
              open={view.range === "day" ? undefined : open}
              tip={(index) => (
                <BarTip
                  {...{
                    energy: answer,
                    bars: bars.bars,
                    index,
                    before: before[index],
                    beforeAt: compared && atPlaces(compared.whole.at, places)[index],
                    edited: rows,
                    other: otherTitle(view),
                    zone,
                    paint,
                    partName,
                  }}
                />
              )}
            />
          )}
        </div>
        <p class="small soft notes">
          {notesOf(bars?.bars ?? [], before.length > 0, isIncomplete, otherTitle(view), [
            ...(answer && about ? [about(answer)] : []),
            ...editNotes(rows),
          ])}
        </p>
        <div class="energy-columns">
          <Figures
            title={
              isRest ? say("history.rest") : shown[0] && !shown[1] && !isWhole ? nameOf(shown[0]) : say("history.used")
            }
            Wh={used}
            change={compared ? changeText(like, previous) : ""}
            before={compared?.comparison.text ?? ""}
            beforeWh={previous}
            totals={isWhole && !isStale ? totals : undefined}
            balance={balance}
          />
          <div class="ranks">
            <LayoutTabs {...{ view, show, layouts, list }} />
            <Ranks {...{ view: { ...view, bars: list }, able, shown, answer, isStale, compared, colour, show }} />
            {answer && (
              <Under
                table={() => energyTable(answer, namesOf(answer), zone)}
                caption={`${title}.`}
                csv={{
                  text: () => energyCsv(answer, zone),
                  name: `unclouded-energy-${dayText(view.on)}-${view.range}.csv`,
                }}
                link={(row) => {
                  const next = view.range === "day" ? undefined : into(row);
                  return next && addressOf(next, today);
                }}
              />
            )}
          </div>
          {balance && !isStale && <Production balance={balance} />}
        </div>
      </section>
    </div>
  );
}

/** What is drawn of an answer, and its totals: computed again when it, or what is chosen, changes. */
function useDrawn(
  { view, able, shown }: Pick<Props, "view" | "able" | "shown">,
  how: Exclude<Layout, "changes">,
  answer: Energy | undefined,
  compared: Compared | undefined,
) {
  const isRest = isRestOnly(view);
  const hierarchy = [able, shown]
    .map((all) => all.map((one) => `${one.id} ${one.parent} ${one.produces}`).join("\n"))
    .join("\n\n");
  const drawn = (energy: Energy) => barsOf(energy, shown, isRest ? "stacked" : how, isRest);
  const keys = [how, isRest, hierarchy];
  // biome-ignore lint/correctness/useExhaustiveDependencies: `drawn` by its keys
  const bars = useMemo(() => answer && drawn(answer), [answer, ...keys]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shown` by `hierarchy`, since it is made again each time
  const totals = useMemo(() => answer && totalsOf(answer, shown), [answer, hierarchy]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `drawn` by its keys
  const heights = useMemo(
    () => (compared && how !== "grouped" ? heightsOf(compared.whole, drawn(compared.whole)) : []),
    [compared?.whole, ...keys],
  );
  const [zone, range] = [timezone.value, view.range];
  const whole = compared?.whole;
  const places = useMemo(
    () => (answer && whole ? placesAmong(range, answer.at, whole.at, zone) : []),
    [answer, whole, range, zone],
  );
  const before = heights.length ? atPlaces(heights, places) : [];
  return { bars, totals, before, places };
}

type LayoutTabsProps = Pick<Props, "view" | "show"> & Readonly<{ layouts: readonly Layout[]; list: Layout }>;

/** How the bars are divided; what the energy costs is on a page of its own. */
function LayoutTabs({ view, show, layouts, list }: LayoutTabsProps) {
  return (
    <div class="line-tabs" role="group" aria-label={say("history.bar_layout")}>
      {layouts.map((one) => (
        <button
          key={one}
          type="button"
          class="bare"
          aria-pressed={list === one}
          onClick={() => show({ ...view, bars: one, devices: one === "sources" ? null : view.devices }, true)}
        >
          {say(LAYOUT_NAMES[one])}
        </button>
      ))}
      {activeOf(tariffs.value) && (
        <a class="plain" href="/bill">
          {say("bill.title")}
        </a>
      )}
    </div>
  );
}

type RanksProps = Pick<Props, "view" | "able" | "shown" | "colour" | "show"> &
  Readonly<{ answer: Energy | undefined; isStale: boolean; compared: Compared | undefined }>;

/** What used most, of all devices; or the sources. A row filters the chart. */
function Ranks({ view, able, shown, answer, isStale, compared, colour, show }: RanksProps) {
  const how = view.bars === "sources" ? "sources" : "stacked";
  const plan = planOf(able);
  const users = able
    .filter(
      (one) =>
        how === "stacked" &&
        !one.produces &&
        !plan.meters.has(one.id) &&
        !plan.above.get(one.id)?.some((id) => !plan.meters.has(id)),
    )
    .map((one) => one.id);
  const shares = (energy: Energy): Share[] => {
    const all = sharesOf(barsOf(energy, able, how).bars).filter((one) => how === "sources" || one.part !== "export");
    return withIdle(
      all,
      users.filter((id) => energy.rows.some((row) => row.device === id && row.Wh.some((Wh) => Wh !== null))),
    );
  };
  const both = compared && { now: shares(compared.now), before: shares(compared.previous) };
  const rows = ranked(answer ? shares(answer) : withIdle([], users), both);
  if (view.bars === "changes")
    return (
      <ChangeList
        changes={both && changesOf(both.now, both.before)}
        before={compared?.comparison.text ?? ""}
        nameOf={(row) => partName(row.part, row.device)}
        colourOf={(row) => paintOf(row.part, row.device, colour)}
      />
    );
  const idOf = (row: Share) => (row.part === "rest" ? REST : row.device);
  const only = isRestOnly(view) ? REST : shown.length === 1 && able.length > 1 ? shown[0]?.id : undefined;
  const choose = (row: Ranked) => show({ ...view, devices: only === idOf(row) ? null : [idOf(row)] }, true);
  return (
    <RankList
      title={say(how === "sources" ? "history.source" : "history.device")}
      rows={rows}
      isKnown={answer !== undefined && !isStale}
      before={compared?.comparison.text ?? ""}
      nameOf={(row) => partName(row.part, row.device)}
      colourOf={(row) => paintOf(row.part, row.device, colour)}
      isChosen={(row) => only === idOf(row)}
      choose={how === "sources" ? undefined : choose}
    />
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
    if (next) show({ ...withRange(view, next), what: view.what });
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    "+": () => range(-1),
    "=": () => range(-1),
    "-": () => range(1),
    "−": () => range(1),
    Home: () => show({ ...view, on: today }),
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** `620 kWh used. 76 % from the grid, 24 % made here.` */
function figuresText(used: number | undefined, sources: string): string {
  return [used === undefined ? "" : say("history.used_text", { used: amountText(used) }), sources]
    .filter(Boolean)
    .join(" ");
}

/** What the marks and the hatching mean, and why there is no comparison. */
function notesOf(
  bars: Bars["bars"],
  isCompared: boolean,
  isIncomplete: boolean,
  period: string,
  edits: readonly string[],
): string {
  const before = isCompared
    ? say("history.before_hint", { period })
    : isIncomplete
      ? say("history.before_unknown", { period })
      : "";
  return [before, bars.some((bar) => bar.estimated) && say("history.estimated_hint"), ...edits]
    .filter(Boolean)
    .join(" ");
}

/** What the other period is called, `October 2026`; "" without one. */
export function otherTitle({ range, on, against }: View): string {
  return against === "none" ? "" : periodTitle(range, otherOf(range, on, against));
}

function paintOf(part: Part, device: string, colour: (id: string) => string): string {
  if (part === "rest") return "var(--rest)";
  if (part === "export") return "var(--export)";
  return colour(device);
}

export function partName(part: Bar["part"], id: string): string {
  if (part === "rest") return say("history.rest");
  if (part === "import") return say("history.from_grid");
  if (part === "export") return say("history.to_grid");
  if (part === "fixed") return say("history.fixed");
  return deviceName(id);
}

function namesOf(energy: Energy): string[] {
  return energy.rows.map((row) => rowName(row.device, row.point, energy));
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
