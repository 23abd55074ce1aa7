/** Energy bars as SVG: use upwards, export downwards, estimated parts hatched. */
import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { formatter } from "../text/format";
import type { Energy } from "../data/shapes";
import { SOURCES, type Bars, type Part } from "./energy";
import { axisNumbers, axisUnit, valueTicks } from "./ticks";

type Props = Readonly<{
  energy: Energy; bars: Bars; zone: string; height: number; label: string;
  paint: (part: Part, device: string) => string;
  /** The period under the pointer. */
  over: Signal<number | null>;
  open: ((period: number) => void) | undefined;
}>;

const DIGIT = 7.5; // px: maximum width of a character
const RIGHT = 8;
const TOP = 12;
const BOTTOM = 24; // px: height of the time labels
const THIN = 0.2; // of the width of a period: the bar of sources
const TICK = 44; // px: minimum distance of time labels

export function BarChart({ energy, bars, zone, height, label, paint, over, open }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const box = host.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setWidth(box.clientWidth));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const periods = energy.at.length - 1;
  const [low, high] = [bars.low * 1.05, bars.high > 0 || bars.low < 0 ? bars.high * 1.05 : 1000];
  const heights = heightsFor(low, high, height);
  const left = Math.max(44, ...heights.map(({ text }) => text.length * DIGIT + 16));
  const each = (width - left - RIGHT) / Math.max(periods, 1);
  const pad = Math.min(each * 0.12, 8);
  const thin = bars.bars.some((bar) => bar.slot === SOURCES) ? Math.max((each - 2 * pad) * THIN, 2) : 0;
  const y = (Wh: number) => TOP + ((high - Wh) / (high - low)) * (height - TOP - BOTTOM);
  const at = (event: PointerEvent) => {
    const period = Math.floor((event.clientX - (host.current?.getBoundingClientRect().left ?? 0) - left) / each);
    return period >= 0 && period < periods ? period : null;
  };
  return (
    <div class="energy-bars" ref={host} role="img" aria-label={label} style={{ height: `${height}px` }}>
      {width > 0 && (
        <svg
          width={width} height={height} aria-hidden="true" data-open={open && over.value !== null ? "" : undefined}
          onPointerMove={(event) => (over.value = at(event))} onPointerLeave={() => (over.value = null)}
          onClick={() => over.value !== null && open?.(over.value)}
        >
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch" width="3" height="6" />
          </pattern>
          <Heights heights={heights} y={y} left={left} width={width} />
          {over.value !== null && <rect class="over-bar" x={left + over.value * each} y={TOP} width={each} height={height - TOP - BOTTOM} />}
          {bars.bars.map((bar) => {
            const isSource = bar.slot === SOURCES;
            const wide = isSource ? thin : Math.max((each - 2 * pad - thin) / bars.slots, 1);
            const [top, bottom] = [y(Math.max(bar.from, bar.to)), y(Math.min(bar.from, bar.to))];
            const place = {
              x: left + bar.period * each + pad + (isSource ? 0 : thin + bar.slot * wide),
              y: top,
              width: Math.max(wide - (bars.slots > 1 || isSource ? 1 : 0), 1),
              height: Math.max(bottom - top, 0.5),
            };
            return (
              <g key={`${bar.slot} ${bar.part} ${bar.device} ${bar.period}`}>
                <rect class="energy-bar" data-mark {...place} style={{ fill: paint(bar.part, bar.device) }} />
                {bar.estimated && <rect {...place} fill="url(#hatch)" />}
              </g>
            );
          })}
          <line class="zero-line" x1={left} x2={width - RIGHT} y1={y(0)} y2={y(0)} />
          <Times energy={energy} left={left} each={each} zone={zone} height={height} />
        </svg>
      )}
    </div>
  );
}

/** Tick values and labels of the value axis: absolute values; the highest one has the unit. */
function heightsFor(low: number, high: number, height: number): { Wh: number; text: string }[] {
  const ticks = valueTicks(low, high, Math.max(2, height / 56));
  const { unit, divisor } = axisUnit("Wh", high);
  const numbers = axisNumbers(ticks.map(Math.abs), divisor);
  return ticks.map((Wh, index) => ({ Wh, text: `${numbers[index]}${index === ticks.length - 1 ? ` ${unit}` : ""}` }));
}

function Heights({ heights, y, left, width }: { heights: ReturnType<typeof heightsFor>; y: (Wh: number) => number; left: number; width: number }) {
  return (
    <>
      {heights.map(({ Wh, text }) => (
        <g key={Wh}>
          <line class="grid-line" x1={left} x2={width - RIGHT} y1={y(Wh)} y2={y(Wh)} />
          <text x={left - 8} y={y(Wh) + 4} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
    </>
  );
}

/** Time labels, as many as fit. */
function Times({ energy, left, each, zone, height }: { energy: Energy; left: number; each: number; zone: string; height: number }) {
  const step = Math.max(1, Math.ceil(TICK / Math.max(each, 1)));
  const options: Record<Energy["by"], Intl.DateTimeFormatOptions> = {
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
          <text key={start} x={left + (index + 0.5) * each} y={height - 6} text-anchor="middle">
            {format.format(start * 1000)}
          </text>
        ),
      )}
    </>
  );
}
