/**
 * Energy bars as SVG: use upwards, export downwards, estimated parts hatched; a mark in each bar for the period before.
 */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { formatter } from "../text/format";
import type { Energy } from "../data/shapes";
import type { Bars, Part } from "./energy";
import { axisNumbers, axisUnit, valueTicks } from "../charts/ticks";
import { useWidth } from "../charts/width";

type Props = Readonly<{
  energy: Energy;
  bars: Bars;
  zone: string;
  height: number;
  label: string;
  /** Of each period, in the period before; [] without a comparison. */
  before: readonly (number | undefined)[];
  paint: (part: Part, device: string) => string;
  /** The period under the pointer, or chosen with the arrow keys. */
  over: Signal<number | null>;
  open: ((period: number) => void) | undefined;
  /** The labels of the values of the axis; without it, they are energies. */
  axis?: (ticks: readonly number[]) => string[];
  /** What is shown of the period. */
  tip: (period: number) => ComponentChildren;
}>;

const LEAST_LEFT = 56; // px: width of the value labels
const DIGIT = 8.5; // px: maximum width of a character
const TOP = 12;
const BOTTOM = 28; // px: height of the time labels
const WIDE = 0.76; // of the width of a period: its bar
const TICK = 52; // px: minimum distance of time labels
const MOST_HEIGHTS = 4;

export function BarChart({ energy, bars, zone, height, label, before, paint, over, open, axis, tip }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);
  const periods = energy.at.length - 1;
  const most = Math.max(bars.high, ...before.map((Wh) => Wh ?? 0));
  const [low, high] = [bars.low * 1.05, most > 0 || bars.low < 0 ? most * 1.05 : axis ? 1 : 1000];
  const heights = heightsFor(low, high, axis);
  const left = Math.max(LEAST_LEFT, ...heights.map(({ text }) => text.length * DIGIT + 10));
  const each = (width - left) / Math.max(periods, 1);
  const pad = (each * (1 - WIDE)) / 2;
  const wide = Math.max((each - 2 * pad) / bars.slots, 1);
  const y = (Wh: number) => TOP + ((high - Wh) / (high - low)) * (height - TOP - BOTTOM);
  const at = (event: MouseEvent) => {
    const period = Math.floor((event.clientX - (host.current?.getBoundingClientRect().left ?? 0) - left) / each);
    return period >= 0 && period < periods ? period : null;
  };
  const shown = over.value !== null && over.value < periods ? over.value : null;
  return (
    <div
      class="energy-bars"
      ref={host}
      role="img"
      tabIndex={0}
      aria-label={label}
      style={{ height: `${height}px` }}
      onKeyDown={(event) => onKey(event, over, periods, open)}
      onBlur={() => (over.value = null)}
    >
      {width > 0 && (
        <svg
          width={width}
          height={height}
          aria-hidden="true"
          data-open={open && shown !== null ? "" : undefined}
          onPointerMove={(event) => (over.value = at(event))}
          onPointerLeave={() => (over.value = null)}
          onClick={(event) => open && at(event) !== null && open(at(event) ?? 0)}
        >
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch" width="3" height="6" />
          </pattern>
          <Heights heights={heights} y={y} left={left} width={width} />
          {bars.bars.map((bar) => {
            const [top, bottom] = [y(Math.max(bar.from, bar.to)), y(Math.min(bar.from, bar.to))];
            const place = {
              x: left + bar.period * each + pad + bar.slot * wide,
              y: top,
              width: Math.max(wide - (bars.slots > 1 ? 1 : 0), 1),
              height: Math.max(bottom - top - (bottom - top > 3 ? 1 : 0), 0.5), // a gap of 1 px between parts
            };
            return (
              <g key={`${bar.part} ${bar.device} ${bar.period}`}>
                <rect
                  class="energy-bar"
                  data-part={bar.part}
                  data-mark
                  {...place}
                  style={{ fill: paint(bar.part, bar.device) }}
                />
                {bar.part === "rest" && (
                  <line class="rest-edge" x1={place.x} x2={place.x + place.width} y1={top + 0.75} y2={top + 0.75} />
                )}
                {bar.estimated && <rect {...place} fill="url(#hatch)" />}
              </g>
            );
          })}
          <line class="zero-line" x1={left} x2={width} y1={y(0)} y2={y(0)} />
          {before
            .slice(0, periods)
            .map(
              (Wh, period) =>
                Wh !== undefined && (
                  <line
                    key={period}
                    class="before"
                    x1={left + period * each + pad}
                    x2={left + (period + 1) * each - pad}
                    y1={y(Wh)}
                    y2={y(Wh)}
                  />
                ),
            )}
          {shown !== null && (
            <line
              class="cursor"
              x1={left + (shown + 0.5) * each}
              x2={left + (shown + 0.5) * each}
              y1={TOP}
              y2={height - BOTTOM}
            />
          )}
          <Times energy={energy} left={left} each={each} zone={zone} height={height} />
        </svg>
      )}
      {shown !== null && (
        <div
          class="bar-tip"
          style={
            shown < periods / 2
              ? { left: `${left + (shown + 1) * each}px` }
              : { right: `${width - left - shown * each}px` }
          }
        >
          {tip(shown)}
        </div>
      )}
    </div>
  );
}

/** Arrow keys move the cursor, Enter opens the period, Escape leaves. */
function onKey(event: KeyboardEvent, over: Signal<number | null>, periods: number, open: Props["open"]): void {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (by !== undefined) over.value = Math.min(Math.max((over.value ?? (by > 0 ? -1 : periods)) + by, 0), periods - 1);
  else if (event.key === "Enter" && over.value !== null && open) open(over.value);
  else if (event.key === "Escape" && over.value !== null) over.value = null;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Tick values and labels of the value axis: absolute values; the highest one has the unit. */
function heightsFor(low: number, high: number, axis: Props["axis"]): { Wh: number; text: string }[] {
  const ticks = valueTicks(low, high, MOST_HEIGHTS);
  const own = axis?.(ticks);
  if (own) return ticks.map((Wh, index) => ({ Wh, text: own[index] ?? "" }));
  const { unit, divisor } = axisUnit("Wh", high);
  const numbers = axisNumbers(ticks.map(Math.abs), divisor);
  return ticks.map((Wh, index) => ({ Wh, text: `${numbers[index]}${index === ticks.length - 1 ? ` ${unit}` : ""}` }));
}

function Heights({
  heights,
  y,
  left,
  width,
}: {
  heights: ReturnType<typeof heightsFor>;
  y: (Wh: number) => number;
  left: number;
  width: number;
}) {
  return (
    <>
      {heights.map(({ Wh, text }) => (
        <g key={Wh}>
          <line class="grid-line" x1={left} x2={width} y1={y(Wh)} y2={y(Wh)} />
          <text x={left - 8} y={y(Wh) + 4} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
    </>
  );
}

/** Time labels, as many as fit; of days, each seventh. */
function Times({
  energy,
  left,
  each,
  zone,
  height,
}: {
  energy: Energy;
  left: number;
  each: number;
  zone: string;
  height: number;
}) {
  const fitting = Math.max(1, Math.ceil(TICK / Math.max(each, 1)));
  const step =
    energy.by === "day" && energy.at.length > 9
      ? 7
      : energy.by === "hour"
        ? ([1, 2, 3, 4, 6, 12, 24].find((one) => one >= fitting) ?? 24)
        : fitting;
  const options: Record<Energy["by"], Intl.DateTimeFormatOptions> = {
    quarter: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    hour: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    day: energy.at.length > 9 ? { day: "numeric" } : { weekday: "short", day: "numeric" },
    week: { day: "numeric", month: "short" },
    month: { month: each < 30 ? "narrow" : "short" },
  };
  const format = formatter(zone, options[energy.by]);
  return (
    <>
      {energy.at.slice(0, -1).map((start, index) =>
        index % (energy.by === "month" ? 1 : step) ? null : (
          <text key={start} x={left + (index + 0.5) * each} y={height - 8} text-anchor="middle">
            {format.format(start * 1000)}
          </text>
        ),
      )}
    </>
  );
}
