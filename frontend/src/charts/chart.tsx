/**
 * Line charts (uPlot): stepped lines of 1.5 px with a 10 % fill, a band from lowest to highest for condensed values,
 * gaps, diamonds on values that are not good.
 *
 *     drag ─► onZoom          shift + drag, two fingers, ctrl + wheel ─► onMove during the gesture, then onZoom
 *     double click ─► onReset     pointer ─► onCursor(time) and onCursor(null)
 *
 * It always shows `span`, whatever the data: the parent decides what is shown while finer data is loading.
 */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { cached } from "../data/cached";
import { axisNumbers, axisUnit, timeTicks, valueTicks } from "./ticks";
import type { Span } from "../time/calendar";
import { apart, heightsOf, pinched } from "./geometry";
import type { Column } from "./columns";
import { shownAs } from "../look/kept";
import { onColours } from "../look/theme";
import { resolved } from "./palette";
import "./chart.css";

export type Line = Readonly<{
  key: string;
  label: string;
  /** Any CSS colour, including `var(--…)`. */
  colour: string;
  isHidden: boolean;
  /** For further quantities of a device, which have the same colour. */
  isDashed: boolean;
  column: Column;
  /** Positions of the diamonds. */
  marks: readonly { at: number; y: number }[];
}>;

export type ChartProps = Readonly<{
  at: readonly number[];
  lines: readonly Line[];
  span: Span;
  zone: string;
  unit: string;
  height: number;
  /** Whether the axis includes 0 and the fill extends to it. */
  fromZero: boolean;
  /** Names of 0, 1, … if the values are states: `off`, `on`; otherwise none. */
  states: readonly string[];
  /** What was marked as wrong or corrected: hatched. */
  edited?: readonly Span[];
  /** A description for screen readers. */
  label: string;
  isDim: boolean;
  /** Charts with the same key share their cursor. */
  sync: string;
  onZoom: (span: Span) => void;
  onMove: (span: Span) => void;
  onReset: () => void;
  onCursor: (at: number | null) => void;
}>;

const ROOM = 640; // px: width from which lines have labels
const MOST_LABELS = 6;
const LABEL_HEIGHT = 16; // px
const LEAST_DRAG = 6; // px: shorter drags are clicks
const DIGIT = 7.5; // px: maximum width of a character
const FONT = "13px system-ui, sans-serif";

export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const now = useRef(props);
  now.current = props;
  const shape = props.lines
    .map((line) => `${line.key} ${line.colour} ${line.label} ${line.isDashed} ${hasBand(line)}`)
    .join("\n");

  useLayoutEffect(() => {
    const box = host.current;
    if (!box) return;
    const made = new uPlot(optionsOf(now, box.clientWidth), dataOf(now.current), box);
    plot.current = made;
    const leave = [watchSize(box, made, now), watchTheme(made), watchFingers(made, now), watchWheel(made, now)];
    return () => {
      for (const stop of leave) stop();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, props.zone, props.unit, props.sync, props.height]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the others make a new plot above
  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.batch(() => {
      props.lines.forEach((line, index) => {
        for (const of of [3 * index + 1, 3 * index + 2, 3 * index + 3])
          if (made.series[of]?.show === line.isHidden) made.setSeries(of, { show: !line.isHidden }, false);
      });
      made.setData(dataOf(props));
    });
  }, [props.at, props.lines, props.span.start, props.span.end, props.edited]);

  return (
    <div
      class="lines-chart"
      ref={host}
      role="img"
      aria-label={props.label}
      data-dim={props.isDim || undefined}
      style={{ height: `${props.height}px` }}
    />
  );
}

type Now = { readonly current: ChartProps };

/** Three columns for each line: values, highest, lowest. */
function dataOf({ at, lines }: ChartProps): uPlot.AlignedData {
  return [at as number[], ...lines.flatMap(({ column }) => [column.y, column.high, column.low])];
}

function hasBand({ column }: Line): boolean {
  return column.y.some((y, index) => y !== column.low[index] || y !== column.high[index]);
}

function optionsOf(now: Now, width: number): uPlot.Options {
  const { lines, unit, height, sync, fromZero, states } = now.current;
  const steps = uPlot.paths.stepped?.({ align: 1, alignGaps: 1 });
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  lines.forEach((line, index) => {
    const stroke = () => colourOf(line.colour);
    const plain = { scale: "y", show: !line.isHidden, ...(steps && { paths: steps }), points: { show: false } };
    const fill = () => (fromZero ? faint(colourOf(line.colour), lines.length > 3 ? 0.05 : 0.1) : "transparent");
    series.push({ ...plain, stroke, width: 1.5, fill, ...(line.isDashed ? { dash: [6, 4] } : {}) });
    series.push({ ...plain, width: 0, stroke: "transparent" }, { ...plain, width: 0, stroke: "transparent" });
    if (hasBand(line))
      bands.push({ series: [3 * index + 2, 3 * index + 3], fill: () => faint(colourOf(line.colour), 0.22) });
  });
  const axis: uPlot.Axis = {
    stroke: () => colourOf("var(--soft)"),
    font: FONT,
    grid: { stroke: () => colourOf("var(--line)"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(width, 100),
    height,
    padding: [12, (u) => labelRoom(u, now), 0, 0],
    legend: { show: false },
    series,
    bands,
    scales: {
      x: { time: false, range: () => [now.current.span.start, now.current.span.end] },
      y: { range: (_, low, high) => heightsOf(low, high, now.current.fromZero) },
    },
    axes: [
      {
        ...axis,
        size: 30,
        grid: { show: false },
        splits: (u) => ticksOf(u, now).map((tick) => tick.at),
        values: (u) => ticksOf(u, now).map((tick) => tick.text),
      },
      {
        ...axis,
        scale: "y",
        size: (_, values) => Math.max(56, ...(values ?? []).map((value) => value.length * DIGIT + 14)),
        splits: (u, _, low, high) =>
          states.length
            ? states.map((_, index) => index)
            : roundValues(low, high, Math.max(2, u.bbox.height / uPlot.pxRatio / 48), unit),
        values: (_, splits) => (states.length ? [...states] : valueTexts(splits, unit)),
      },
    ],
    cursor: {
      y: false,
      points: {
        size: (_, of) => (isLine(of) ? 7 : 0),
        width: (_, of) => (isLine(of) ? 1.5 : 0),
        fill: () => colourOf("var(--paper)"),
        stroke: strokeOf,
      },
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG },
      sync: {
        key: sync,
        setSeries: false,
        scales: ["x", null],
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
      },
      bind: {
        mousedown: (u, _, handler) => (event) => (event.shiftKey ? startPan(u, event, now) : handler(event)),
        dblclick: () => () => {
          now.current.onReset();
          return null;
        },
      },
    },
    hooks: {
      setSelect: [(u) => selected(u, now)],
      setCursor: [(u) => now.current.onCursor(cursorTime(u))],
      draw: [(u) => drawEdited(u, now), (u) => drawMarks(u, now), (u) => drawLabels(u, now)],
    },
  };
}

/** Values that are round in the unit that is shown. */
function roundValues(low: number, high: number, most: number, unit: string): number[] {
  const form = shownAs(unit);
  return valueTicks(form.to(low), form.to(high), most).map(form.from);
}

/** Numbers in one unit, which is shown with the highest. */
function valueTexts(splits: readonly number[], unit: string): string[] {
  const form = shownAs(unit);
  const shown = axisUnit(form.unit, Math.max(0, ...splits.map(Math.abs)));
  const numbers = axisNumbers(splits.map(form.to), shown.divisor);
  return numbers.map((number, index) => (index === numbers.length - 1 ? `${number} ${shown.unit}` : number));
}

function ticksOf(u: uPlot, now: Now) {
  return timeTicks(now.current.span, Math.max(2, Math.floor(u.bbox.width / uPlot.pxRatio / 72)), now.current.zone);
}

function selected(u: uPlot, now: Now): void {
  const { left, width } = u.select;
  if (width < LEAST_DRAG) return;
  const span = { start: u.posToVal(left, "x"), end: u.posToVal(left + width, "x") };
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  now.current.onZoom(span);
}

function cursorTime(u: uPlot): number | null {
  const left = u.cursor.left ?? -1;
  return left < 0 ? null : u.posToVal(left, "x");
}

// --- moving --------------------------------------------------------------------------------------------

/** Move the span with the mouse until the button is released. */
function startPan(u: uPlot, event: MouseEvent, now: Now): null {
  const from = now.current.span;
  const perPx = (from.end - from.start) / (u.bbox.width / uPlot.pxRatio);
  const spanAt = (clientX: number) => {
    const by = (event.clientX - clientX) * perPx;
    return { start: from.start + by, end: from.end + by };
  };
  const move = (to: MouseEvent) => now.current.onMove(spanAt(to.clientX));
  const stop = (to: MouseEvent) => {
    removeEventListener("mousemove", move);
    u.root.parentElement?.removeAttribute("data-panning");
    if (to.clientX !== event.clientX) now.current.onZoom(spanAt(to.clientX));
  };
  u.root.parentElement?.setAttribute("data-panning", "");
  addEventListener("mousemove", move);
  addEventListener("mouseup", stop, { once: true });
  return null;
}

/** One finger moves the cursor, two fingers zoom and move. */
function watchFingers(u: uPlot, now: Now): () => void {
  const fingers = new Map<number, number>();
  let held: { left: number; right: number; span: Span } | undefined;
  let last: Span | undefined;
  const place = (event: PointerEvent) => event.clientX - u.over.getBoundingClientRect().left;
  const ends = () => {
    const [one = 0, other = 0] = fingers.values();
    return { left: Math.min(one, other), right: Math.max(one, other) };
  };
  const down = (event: PointerEvent) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 2) held = { ...ends(), span: now.current.span };
  };
  const move = (event: PointerEvent) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, place(event));
    if (held && fingers.size === 2) {
      last = pinched(held, ends(), u.over.clientWidth);
      now.current.onMove(last);
    } else if (fingers.size === 1) u.setCursor({ left: place(event), top: 0 });
  };
  const up = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    if (last) now.current.onZoom(last);
    held = last = undefined;
  };
  const names = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up };
  return listen(u.over, names);
}

const WHEEL_END_MS = 250; // without an event

/** The wheel zooms with ctrl, which browsers also send for pinching a touch pad; otherwise it scrolls the page. */
function watchWheel(u: uPlot, now: Now): () => void {
  let timer = 0;
  const wheel = (event: WheelEvent) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const { start, end } = now.current.span;
    const middle = u.posToVal(event.clientX - u.over.getBoundingClientRect().left, "x");
    const factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01);
    const span = { start: middle - (middle - start) * factor, end: middle + (end - middle) * factor };
    now.current.onMove(span);
    clearTimeout(timer);
    timer = window.setTimeout(() => now.current.onZoom(span), WHEEL_END_MS);
  };
  u.over.addEventListener("wheel", wheel, { passive: false });
  return () => {
    clearTimeout(timer);
    u.over.removeEventListener("wheel", wheel);
  };
}

function watchSize(box: HTMLElement, u: uPlot, now: Now): () => void {
  const observer = new ResizeObserver(() => {
    if (box.clientWidth && box.clientWidth !== u.width)
      u.setSize({ width: box.clientWidth, height: now.current.height });
  });
  observer.observe(box);
  return () => observer.disconnect();
}

function watchTheme(u: uPlot): () => void {
  return onColours(() => {
    colours.clear();
    u.redraw();
  });
}

function listen(target: HTMLElement, names: Readonly<Record<string, (event: PointerEvent) => void>>): () => void {
  const all = Object.entries(names) as [string, EventListener][]; // these names belong to pointer events
  for (const [name, handler] of all) target.addEventListener(name, handler);
  return () => {
    for (const [name, handler] of all) target.removeEventListener(name, handler);
  };
}

// --- drawing -------------------------------------------------------------------------------------------

const colours = new Map<string, string>();

/** Resolving a colour is expensive: cached until the theme changes. */
function colourOf(colour: string): string {
  return cached(colours, colour, () => resolved(colour));
}

function faint(colour: string, part: number): string {
  if (colour.startsWith("color(")) return colour.replace(/\)$/, ` / ${part})`);
  return colour.replace(/^rgb\((.*)\)$/, (_, parts: string) => `rgba(${parts}, ${part})`);
}

function strokeOf(u: uPlot, of: number): string {
  const stroke = u.series[of]?.stroke;
  return typeof stroke === "function" ? String(stroke(u, of)) : String(stroke);
}

/** Whether a column of the data is a line, not an edge of a band. */
function isLine(of: number): boolean {
  return of % 3 === 1;
}

/** Hatched ranges, at least as wide as can be seen. */
function drawEdited(u: uPlot, now: Now): void {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = colourOf("var(--soft)");
  ctx.lineWidth = ratio;
  for (const { start, end } of now.current.edited ?? []) {
    const left = Math.max(bbox.left, u.valToPos(start, "x", true));
    const right = Math.min(bbox.left + bbox.width, Math.max(u.valToPos(end, "x", true), left + 4 * ratio));
    if (right <= left || !Number.isFinite(right - left)) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.globalAlpha = 0.5;
    ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += 8 * ratio) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}

/** Diamonds, without overlaps. */
function drawMarks(u: uPlot, now: Now): void {
  const { ctx } = u;
  const ratio = uPlot.pxRatio;
  const size = 4 * ratio;
  ctx.save();
  ctx.fillStyle = colourOf("var(--paper)");
  ctx.lineWidth = 1.5 * ratio;
  for (const line of now.current.lines) {
    if (line.isHidden) continue;
    ctx.strokeStyle = colourOf(line.colour);
    let last = -Infinity;
    for (const { at, y } of line.marks) {
      const [x, height] = [u.valToPos(at, "x", true), u.valToPos(y, "y", true)];
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width || x - last < 3 * size) continue;
      last = x;
      ctx.beginPath();
      ctx.moveTo(x, height - size);
      ctx.lineTo(x + size, height);
      ctx.lineTo(x, height + size);
      ctx.lineTo(x - size, height);
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  }
  ctx.restore();
}

function isLabelled(u: { width: number }, lines: readonly Line[]): boolean {
  return (
    u.width >= ROOM && lines.some((line) => line.label) && lines.filter((line) => !line.isHidden).length <= MOST_LABELS
  );
}

/** Space on the right for the longest label. */
function labelRoom(u: uPlot, now: Now): number {
  const { lines } = now.current;
  if (!isLabelled(u, lines) || !u.ctx) return 24;
  u.ctx.save();
  u.ctx.font = FONT;
  const longest = Math.max(0, ...lines.map((line) => u.ctx.measureText(short(line.label)).width));
  u.ctx.restore();
  return Math.ceil(longest) + 26;
}

/** The name of each line at its right end, without overlaps. */
function drawLabels(u: uPlot, now: Now): void {
  const { lines, at, span } = now.current;
  if (!isLabelled(u, lines)) return;
  const ratio = uPlot.pxRatio;
  const ends = lines.flatMap((line) => {
    const end = line.isHidden ? undefined : lastOf(at, line.column.y, span);
    if (!end) return [];
    return [
      {
        line,
        left: u.valToPos(Math.min(end.at, span.end), "x", true) / ratio,
        top: u.valToPos(end.y, "y", true) / ratio,
      },
    ];
  });
  const tops = apart(
    ends.map((end) => end.top),
    LABEL_HEIGHT,
    u.bbox.top / ratio,
    (u.bbox.top + u.bbox.height) / ratio,
  );
  const { ctx } = u;
  ctx.save();
  ctx.scale(ratio, ratio);
  ctx.font = FONT;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ends.forEach(({ line, left: x, top }, index) => {
    const to = tops[index] ?? top;
    ctx.strokeStyle = colourOf(line.colour);
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(x + 2, top);
    ctx.lineTo(x + 8, to);
    ctx.lineTo(x + 16, to);
    ctx.stroke();
    ctx.fillStyle = colourOf("var(--ink)");
    ctx.fillText(short(line.label), x + 20, to);
  });
  ctx.restore();
}

function short(label: string): string {
  return label.length > 22 ? `${label.slice(0, 21)}…` : label;
}

/** The last value in the span, or the one valid at its start. */
function lastOf(
  at: readonly number[],
  ys: readonly (number | null)[],
  span: Span,
): { at: number; y: number } | undefined {
  for (let index = at.length - 1; index >= 0; index--) {
    const [time, y] = [at[index] ?? 0, ys[index]];
    if (y !== null && y !== undefined && time <= span.end) return time < span.start ? undefined : { at: time, y };
  }
  return undefined;
}
