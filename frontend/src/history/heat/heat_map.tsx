/** The hours of a period as a map: days from left to right, hours from top to bottom, twelve shades. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { resolved } from "../../charts/palette";
import { onColours } from "../../look/theme";
import { formatter } from "../../text/format";
import { plusDays, type Range } from "../../time/calendar";
import { HOURS_A_DAY, movedCell, SHADES, shadeOf, type Heat } from "./heat";

type Props = Readonly<{
  heat: Heat;
  range: Range;
  label: string;
  /** CSS colours of what was used and of what was given. */
  use: string;
  given: string;
  /** The cell under the pointer, or chosen with the arrow keys. */
  over: Signal<number | null>;
  open: (place: number) => void;
  tip: (place: number) => ComponentChildren;
}>;

const HOUR_LABELS = [0, 6, 12, 18, 24];

export function HeatMap({ heat, range, label, use, given, over, open, tip }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = () => canvas.current && paint(canvas.current, heat, use, given);
    draw();
    return onColours(draw);
  }, [heat, use, given]);
  const at = (event: MouseEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return null;
    const part = (value: number, size: number, most: number) =>
      Math.min(Math.max(Math.floor((value / size) * most), 0), most - 1);
    return (
      part(event.clientX - box.left, box.width, heat.days) * HOURS_A_DAY +
      part(event.clientY - box.top, box.height, HOURS_A_DAY)
    );
  };
  const place = over.value;
  const [left, top] =
    place === null ? [0, 0] : [Math.floor(place / HOURS_A_DAY) / heat.days, (place % HOURS_A_DAY) / HOURS_A_DAY];
  return (
    <div class="heat-wrap">
      <div
        class="heat"
        role="img"
        tabIndex={0}
        aria-label={label}
        onKeyDown={(event) => onKey(event, heat, over, open)}
        onBlur={() => (over.value = null)}
      >
        <canvas
          ref={canvas}
          width={heat.days}
          height={HOURS_A_DAY}
          onPointerMove={(event) => (over.value = at(event))}
          onPointerLeave={() => (over.value = null)}
          onClick={(event) => event.detail && open(at(event) ?? 0)}
        />
        {labelsOf(heat, range).map(({ part, text, isMinor }) => (
          <span
            key={part}
            class="x"
            data-minor={isMinor || undefined}
            aria-hidden="true"
            style={{ left: `${part * 100}%` }}
          >
            {text}
          </span>
        ))}
        {HOUR_LABELS.map((hour) => (
          <span key={hour} class="y" aria-hidden="true" style={{ top: `${(hour / HOURS_A_DAY) * 100}%` }}>
            {hour}
          </span>
        ))}
        {place !== null && (
          <>
            <i
              class="chosen"
              style={{
                left: `${left * 100}%`,
                top: `${top * 100}%`,
                width: `${100 / heat.days}%`,
                height: `${100 / HOURS_A_DAY}%`,
              }}
            />
            <div
              class="bar-tip"
              style={{
                [left < 0.5 ? "left" : "right"]: `${(left < 0.5 ? left + 1 / heat.days : 1 - left) * 100}%`,
                [top < 0.5 ? "top" : "bottom"]: top < 0.5 ? `${top * 100}%` : `${(1 - top) * 100}%`,
              }}
            >
              {tip(place)}
            </div>
          </>
        )}
      </div>
    </div>
  );
}

/** Arrow keys move the cell, Enter opens its day, Escape leaves. */
function onKey(event: KeyboardEvent, heat: Heat, over: Signal<number | null>, open: (place: number) => void): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (by) over.value = over.value === null ? 0 : movedCell(heat, over.value, by[0] ?? 0, by[1] ?? 0);
  else if (event.key === "Enter" && over.value !== null) open(over.value);
  else if (event.key === "Escape" && over.value !== null) over.value = null;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** One pixel a cell; the page scales it. */
function paint(canvas: HTMLCanvasElement, heat: Heat, use: string, given: string): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const colours = { use: rgbOf(resolved(use)), given: rgbOf(resolved(given)) };
  const image = context.createImageData(heat.days, HOURS_A_DAY);
  heat.cells.forEach((cell, place) => {
    if (!cell) return;
    const { isGiven, shade } = shadeOf(cell, heat);
    const at = ((place % HOURS_A_DAY) * heat.days + Math.floor(place / HOURS_A_DAY)) * 4;
    image.data.set([...colours[isGiven ? "given" : "use"], Math.round((shade / SHADES) * 255)], at);
  });
  context.putImageData(image, 0, 0);
}

/** `rgb(27, 98, 172)`, `color(srgb 0.1 0.4 0.7)` as three numbers to 255. */
function rgbOf(colour: string): [number, number, number] {
  const scale = colour.startsWith("rgb") ? 1 : 255;
  const [red = 0, green = 0, blue = 0] = (colour.replace(/^[a-z]+\(\s*(srgb)?/, "").match(/[\d.]+/g) ?? []).map(
    (one) => Number(one) * scale,
  );
  return [red, green, blue];
}

function labelsOf(heat: Heat, range: Range): { part: number; text: string; isMinor: boolean }[] {
  const format = formatter("UTC", range === "year" ? { month: "short" } : { day: "numeric" });
  const labels = [];
  for (let index = 0; index < heat.days; index++) {
    const day = plusDays(heat.first, index);
    if (range === "year" ? day.day !== 1 : index % 7) continue;
    labels.push({
      part: index / heat.days,
      text: format.format(Date.UTC(day.year, day.month - 1, day.day)),
      isMinor: range === "year" && day.month % 2 === 0,
    });
  }
  return labels;
}
