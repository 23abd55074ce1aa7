/** Line charts, one panel for each unit, all with the same time axis. */
import { useSignal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

import { quantityText } from "../text/format";
import { address } from "../data/http";
import { now, timezone } from "../data/live";
import { MOST_SERIES } from "../data/series";
import { Chart, type Line } from "../charts/chart";
import { QualityMark } from "../parts/quantity";
import { nameOf } from "../devices/points";
import { titleOf } from "../devices/names";
import type { History } from "../data/shapes";
import { say } from "../text/words";
import { useAnswer } from "./answers";
import { dayOf, dayText, RANGES, shifted, spanText, type Span } from "../time/calendar";
import { columnsOf, heldRows, rowAt, summaryOf, type Row } from "../charts/columns";
import { editsPlace, rangesOf, type HistoryEdit } from "./edits/edits";
import { NoData } from "./no_data";
import { moved, rounded, zoomed, type PanelProps } from "./view";
import { panelsOf, wantedOf, type Wanted } from "./selection";
import { historyCsv, historyTable, momentText } from "./table";
import { Under } from "./under";
import { PanelState } from "./panel_state";

type Props = Omit<PanelProps, "able"> &
  Readonly<{
    moving: Span | null;
    move: (span: Span | null) => void;
    /** What is said of an answer, such as who gave it; with it, edits and files of the hub are not asked for. */
    about?: (answer: History) => string;
  }>;

const POLL_MS = 10_000; // while the current time is shown
const MAX_POLL_MS = 60_000; // for long steps
const FLOATING = new Set(["V", "Hz", "°C", "Wh", "varh", "kWh", "dBm"]); // units without a meaningful zero

export function LinePanels(props: Props) {
  const { view, period, moving, shown } = props;
  const span = view.zoom ?? period;
  const wanted = wantedOf(shown, view.what).slice(0, MOST_SERIES); // more lines would not be readable
  const series = wanted.map((one) => one.key);
  const points = innerWidth < 700 ? 400 : 800;
  const asked = { series, start: span.start, end: span.end, points };
  const hasNow = span.start <= now.peek() && span.end > now.peek();
  const every = hasNow ? Math.max(POLL_MS, Math.min(MAX_POLL_MS, ((span.end - span.start) / points) * 50)) : 0;
  const { answer, of, isLoading, error, again } = useAnswer<History>(
    series.length ? address("/api/history", asked) : "",
    every,
  );
  const cursor = useSignal<number | null>(null);
  const hidden = useSignal<ReadonlySet<string>>(new Set());
  const isStale = of !== address("/api/history", asked);
  const isEmpty =
    !isStale && answer !== undefined && answer.series.every((one) => one.value.every((value) => value === null));
  const actions = actionsOf(props, span, cursor);
  const alone = shown.length === 1 ? shown[0] : undefined;
  const { answer: edits } = useAnswer<readonly HistoryEdit[]>(
    alone && !props.about ? editsPlace(alone.id, { start: span.start, end: span.end }) : "",
    0,
  );
  return (
    <div
      class="panels"
      tabIndex={0}
      role="group"
      aria-label={say("history.charts")}
      aria-describedby="history-keys"
      onKeyDown={(event) => onKey(event, actions)}
    >
      <p id="history-keys" class="hidden-text">
        {say("history.keys")}
      </p>
      <PanelState waits={isLoading && isStale} error={error} again={again} />
      {isEmpty && <NoData series={series} goTo={(on) => props.show({ ...view, on, zoom: null })} />}
      {panelsOf(wanted).map((panel, index) => (
        <LinePanel
          key={panel.wanted[0]?.point.kind === "switch" ? "switch" : panel.unit || panel.wanted[0]?.point.key}
          {...panel}
          edits={edits}
          answer={answer}
          span={moving ?? span}
          isDim={isStale}
          colour={props.colour}
          cursor={cursor}
          hidden={hidden}
          actions={actions}
          csv={props.about ? "" : address("/api/history.csv", { ...asked, series: panel.wanted.map((one) => one.key) })}
          about={answer && props.about?.(answer)}
          isAlone={panel.wanted.length === wanted.length}
          below={
            index === 0 && <ZoomBar span={moving ?? span} isZoomed={Boolean(view.zoom ?? moving)} actions={actions} />
          }
        />
      ))}
    </div>
  );
}

type Actions = ReturnType<typeof actionsOf>;

/** Actions that change the time span. */
function actionsOf({ view, period, today, show, move }: Props, span: Span, cursor: ReadonlySignal<number | null>) {
  const zone = timezone.value;
  const to = (zoom: Span, replace: boolean) => {
    move(null);
    const isWhole = zoom.start <= period.start && zoom.end >= period.end;
    const middle = Math.min((zoom.start + zoom.end) / 2, now.peek());
    show(isWhole ? { ...view, zoom: null } : { ...view, on: dayOf(middle, zone), zoom: rounded(zoom) }, replace);
  };
  const step = (by: number) => {
    if (view.zoom) return to(moved(span, by / 4), true);
    const on = shifted(view.range, view.on, by);
    if (by < 0 || dayText(on) <= dayText(today)) show({ ...view, on });
  };
  const middle = () => (cursor.peek() === null ? 0.5 : ((cursor.peek() ?? 0) - span.start) / (span.end - span.start));
  return {
    zoom: (zoom: Span) => to(zoom, false),
    move,
    earlier: () => step(-1),
    later: () => step(1),
    zoomIn: () => to(zoomed(span, 0.5, Math.min(1, Math.max(0, middle()))), view.zoom !== null),
    zoomOut: () => {
      if (view.zoom) return to(zoomed(span, 2), true);
      const wider = RANGES[RANGES.indexOf(view.range) + 1];
      if (wider) show({ ...view, range: wider });
    },
    today: () => show({ ...view, on: today, zoom: null }),
    reset: () => {
      move(null);
      if (view.zoom) show({ ...view, zoom: null });
    },
  };
}

function onKey(event: KeyboardEvent, actions: Actions): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof Element && event.target.closest("input, select, .table-box")) return;
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: actions.earlier,
    ArrowRight: actions.later,
    "+": actions.zoomIn,
    "=": actions.zoomIn,
    "-": actions.zoomOut,
    "−": actions.zoomOut,
    Home: actions.today,
    Escape: actions.reset,
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function ZoomBar({ span, isZoomed, actions }: { span: Span; isZoomed: boolean; actions: Actions }) {
  return (
    <div class="row-of zoom-bar">
      {isZoomed ? (
        <p class="span-text">{spanText(span, timezone.value)}</p>
      ) : (
        <p class="soft small">{say("history.zoom_hint")}</p>
      )}
      <button type="button" class="whole" data-off={!isZoomed || undefined} onClick={actions.reset}>
        {say("history.whole_period")}
      </button>
      <button type="button" class="arrow" aria-label={say("history.zoom_out")} onClick={actions.zoomOut}>
        −
      </button>
      <button type="button" class="arrow" aria-label={say("history.zoom_in")} onClick={actions.zoomIn}>
        +
      </button>
    </div>
  );
}

type LinesProps = Readonly<{
  unit: string;
  wanted: readonly Wanted[];
  edits: readonly HistoryEdit[] | undefined;
  answer: History | undefined;
  span: Span;
  isDim: boolean;
  colour: (id: string) => string;
  cursor: Signal<number | null>;
  hidden: Signal<ReadonlySet<string>>;
  actions: Actions;
  /** Where the file is; "" = it is made of what is shown. */
  csv: string;
  about: string | undefined;
  /** Whether it is the only panel, whose title the toolbar has. */
  isAlone: boolean;
  /** What is directly below the chart. */
  below: ComponentChildren;
}>;

/** A series with its rows and colour. */
type Shown = Readonly<{ wanted: Wanted; rows: readonly Row[]; colour: string }>;

function LinePanel({
  unit,
  wanted,
  edits,
  answer,
  span,
  isDim,
  colour,
  cursor,
  hidden,
  actions,
  csv,
  about,
  isAlone,
  below,
}: LinesProps) {
  const zone = timezone.value;
  const names = wanted.map((one) => `${one.key} ${one.name} ${colour(one.device.id)}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `wanted` by `names`, since it is made again each time
  const series = useMemo(() => seriesOf(answer, wanted), [answer, names]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `series` changes with `answer` and `wanted`
  const { at, lines, all } = useMemo(() => {
    const step = answer?.step ?? 0;
    const known =
      about === undefined
        ? now.peek()
        : // a copy ends with what was sent
          Math.min(now.peek(), Math.max(0, ...series.map((one) => one.at.at(-1) ?? 0)) + step);
    const until = Math.min(answer?.end ?? 0, known);
    const { at, columns } = columnsOf(series, step, { start: answer?.start ?? 0, end: answer?.end ?? 0 }, known);
    const all = wanted.map((one, index): Shown => {
      const rows = series[index] ? heldRows(series[index], step, until) : [];
      return { wanted: one, rows, colour: colour(one.device.id) };
    });
    const lines = all.map(({ wanted, rows, colour }, index): Line => {
      const column = columns[index] ?? { y: [], low: [], high: [] };
      return {
        key: wanted.key,
        label: wanted.name,
        colour,
        isHidden: hidden.value.has(wanted.key),
        isDashed: isSecond(wanted, all),
        column,
        marks: marksOf(rows),
      };
    });
    return { at, lines, all };
  }, [series, hidden.value]);
  const title = panelTitle(wanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `wanted` by `names`, since it is made again each time
  const edited = useMemo(() => rangesOf(edits, new Set(wanted.map((one) => one.point.key))), [edits, names]);
  const text = answer ? all.map((one) => summaryText(one, span)).join(" ") : say("history.loading");
  const height = innerWidth < 900 ? 260 : 348;
  const toggle = (key: string) => {
    const next = new Set(hidden.value);
    if (!next.delete(key)) next.add(key);
    hidden.value = next;
  };
  return (
    <section class="panel" aria-label={title}>
      <h2 class={isAlone ? "hidden-text" : ""}>{title}</h2>
      <div class="canvas-box" style={{ height: `${height}px` }}>
        <Chart
          at={at}
          lines={lines}
          edited={edited}
          span={span}
          zone={zone}
          unit={unit}
          height={height}
          fromZero={!FLOATING.has(unit)}
          states={wanted[0]?.point.kind === "switch" ? [say("app.off"), say("app.on")] : []}
          label={say("history.chart_label", { what: title, span: spanText(span, zone), lines: text })}
          isDim={isDim}
          sync="history"
          onZoom={actions.zoom}
          onMove={actions.move}
          onReset={actions.reset}
          onCursor={(time) => (cursor.value = time)}
        />
      </div>
      {below}
      <Readout all={all} isKnown={answer !== undefined} span={span} cursor={cursor} hidden={hidden} toggle={toggle} />
      <p class="small soft notes">{[about, notesOf(lines)].filter(Boolean).join(" ")}</p>
      <Under
        table={() =>
          historyTable(
            series.map((one, index) => ({ series: one, name: wanted[index]?.name ?? one.device })),
            { ...span, end: Math.min(span.end, now.peek()) },
            zone,
            answer?.step,
          )
        }
        caption={`${title}, ${spanText(span, zone)}.`}
        csv={{
          ...(csv ? { href: csv } : { text: () => historyCsv(series, zone) }),
          name: `unclouded-${wanted[0]?.point.key ?? "history"}.csv`,
        }}
      />
    </section>
  );
}

type ReadoutProps = Readonly<{
  all: readonly Shown[];
  isKnown: boolean;
  span: Span;
  cursor: ReadonlySignal<number | null>;
  hidden: ReadonlySignal<ReadonlySet<string>>;
  toggle: (key: string) => void;
}>;

/** Values at the cursor, or a summary of each series. Each name shows or hides its line. */
function Readout({ all, isKnown, span, cursor, hidden, toggle }: ReadoutProps) {
  const time = cursor.value;
  return (
    <div class="readout">
      <p class="small soft moment">{time === null ? "" : momentText(time, timezone.value)}</p>
      <ul>
        {all.map((one) => (
          <li key={one.wanted.key}>
            <button
              type="button"
              class="bare legend"
              aria-pressed={!hidden.value.has(one.wanted.key)}
              onClick={() => toggle(one.wanted.key)}
            >
              <span class="swatch" data-mark style={{ background: one.colour }} />
              <bdi class="clamped" title={one.wanted.name}>
                {one.wanted.name}
              </bdi>
            </button>
            <span class="number">
              {!isKnown ? "" : time === null ? <Summary one={one} span={span} /> : <Value one={one} time={time} />}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Summary({ one, span }: { one: Shown; span: Span }) {
  const summary = summaryOf(one.rows, span);
  if (!summary) return <span class="soft">{say("history.not_measured")}</span>;
  if (isSwitch(one)) return <>{say("history.on_part", { percent: Math.round(summary.mean * 100) })}</>;
  return <>{say("history.mean", { mean: inUnit(one, summary.mean), high: inUnit(one, summary.high) })}</>;
}

function Value({ one, time }: { one: Shown; time: number }) {
  const row = rowAt(one.rows, time);
  if (!row || row.y === null) return <span class="soft">{say("history.not_measured")}</span>;
  const [low, high] = [inUnit(one, row.low ?? row.y), inUnit(one, row.high ?? row.y)];
  const mean = inUnit(one, row.y);
  return (
    <>
      {row.mark && <QualityMark quality={row.mark.quality} flags={row.mark.flags} />}
      {low === high ? mean : say("history.mean_band", { mean, low, high })}
    </>
  );
}

function summaryText(one: Shown, span: Span): string {
  const name = one.wanted.name;
  const summary = summaryOf(one.rows, span);
  if (!summary) return say("history.line_empty", { name });
  if (isSwitch(one)) return `${name}: ${say("history.on_part", { percent: Math.round(summary.mean * 100) })}.`;
  return say("history.line", {
    name,
    mean: inUnit(one, summary.mean),
    low: inUnit(one, summary.low),
    high: inUnit(one, summary.high),
  });
}

function inUnit({ wanted: { point } }: Shown, value: number): string {
  if (point.kind === "switch" && (value === 0 || value === 1)) return say(value ? "app.on" : "app.off");
  if (point.kind === "switch") return say("history.on_part", { percent: Math.round(value * 100) });
  return quantityText(value, point.unit, point.exponent);
}

function isSwitch({ wanted }: Shown): boolean {
  return wanted.point.kind === "switch";
}

/** The series of the answer in the requested order; empty ones for missing series. */
function seriesOf(answer: History | undefined, wanted: readonly Wanted[]) {
  return wanted.map(({ device, point }) => {
    const found = answer?.series.find((one) => one.device === device.id && one.point === point.key);
    const { key, unit, kind, exponent } = point;
    const empty = { at: [], value: [], min: null, mean: null, max: null, marks: [] };
    return found ?? { device: device.id, point: key, unit, kind, exponent, ...empty };
  });
}

function marksOf(rows: readonly Row[]): { at: number; y: number }[] {
  return rows.flatMap(({ at, y, mark }) => (mark && y !== null ? [{ at, y }] : []));
}

/** Whether another quantity of the same device precedes it. */
function isSecond(wanted: Wanted, all: readonly Shown[]): boolean {
  return all.find((one) => one.wanted.device.id === wanted.device.id)?.wanted.key !== wanted.key;
}

/** `Power`, `Voltage`: the title of the panel, with all quantities. */
function panelTitle(wanted: readonly Wanted[]): string {
  const names = [
    ...new Set(wanted.map((one) => (one.point.key === "power_W" ? say("history.power") : titleOf(one.point)))),
  ];
  const devices = new Set(wanted.map((one) => nameOf(one.device)));
  return devices.size === 1 ? `${names.join(", ")}, ${[...devices][0]}` : names.join(", ");
}

function notesOf(lines: readonly Line[]): string {
  const isCondensed = lines.some(({ column }) => column.y.some((y, index) => y !== column.high[index]));
  const isMarked = lines.some((line) => line.marks.length > 0);
  return [isCondensed && say("history.band"), isMarked && say("history.mark")].filter(Boolean).join(" ");
}
