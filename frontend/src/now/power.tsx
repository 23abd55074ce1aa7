/**
 * The power of the last day, or of the last ten minutes: uses as stacked areas, sources as lines. Its size is fixed.
 */
import { computed, signal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";

import { clockText, countText, formatter, MINUS, NOTHING } from "../text/format";
import { areaPath, linePath, stacked, type Band, type Columns } from "../energy/bands";
import { DAY_STEP_S, dayColumns, dayHours } from "../data/day";
import { timezone } from "../data/live";
import { historyState, STEP } from "../data/recent";
import { say, type Id } from "../text/words";
import { columns } from "./columns";
import { flowFill, flowMark, flowName, powerText } from "./names";

const WIDTH = 600;
const HEIGHT = 200;
const LEAST = 0.07; // of the height: lower bands have no label
const ENOUGH_H = 2; // hours from which on the day is shown first
const SPANS = ["day", "minutes"] as const;

type Span = (typeof SPANS)[number];

/**
 * The texts of a span; `each`: columns from one row of the table to the next; `axis`: from the first column to the
 * last.
 */
const LOOKS: Readonly<Record<Span, { title: Id; label: Id; button: Id; step: number; each: number }>> = {
  day: { title: "now.day", label: "now.day_label", button: "now.span_day", step: DAY_STEP_S, each: 4 },
  minutes: { title: "now.minutes", label: "now.minutes_label", button: "now.span_minutes", step: STEP, each: 30 },
};

const chosen = signal<Span | undefined>(undefined);
const span = computed((): Span => chosen.value ?? (dayHours.value >= ENOUGH_H ? "day" : "minutes"));
const columnsNow = computed(() => (span.value === "day" ? dayColumns.value : columns.value));

/** The column at the cursor, counted from the newest; undefined: none. */
const cursorColumn = signal<number | undefined>(undefined);

export function Power() {
  return (
    <section class="power live" aria-labelledby="power">
      <div class="sec">
        <h2 id="power">{say(LOOKS[span.value].title)}</h2>
        <div class="seg" role="group" aria-label={say("now.span")}>
          {SPANS.map((one) => (
            <button key={one} type="button" aria-pressed={span.value === one} onClick={() => choose(one)}>
              {say(LOOKS[one].button)}
            </button>
          ))}
        </div>
      </div>
      <Plot />
      <AsTable />
    </section>
  );
}

function choose(one: Span): void {
  chosen.value = one;
  cursorColumn.value = undefined;
}

function Plot() {
  const shown = columnsNow.value;
  const last = shown.at.length - 1;
  const index = cursorColumn.value === undefined ? undefined : Math.max(0, last - cursorColumn.value);
  const scale = scaleOf(shown);
  return (
    <div
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={say(LOOKS[span.value].label)}
      aria-valuemin={-last * LOOKS[span.value].step}
      aria-valuemax={0}
      aria-valuenow={-(cursorColumn.value ?? 0) * LOOKS[span.value].step}
      aria-valuetext={columnText(shown, index ?? last)}
      onPointerMove={(event) => (cursorColumn.value = columnAt(event))}
      onPointerLeave={() => (cursorColumn.value = undefined)}
      onBlur={() => (cursorColumn.value = undefined)}
      onKeyDown={step}
    >
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <Drawing shown={shown} scale={scale} />
        {index !== undefined && <line class="cursor" x1={scale.x(index)} x2={scale.x(index)} y1={0} y2={HEIGHT} />}
      </svg>
      <Ticks shown={shown} />
      <Times shown={shown} />
      {index === undefined ? <Names shown={shown} /> : <Tip shown={shown} index={index} />}
      {historyState.value === "missing" && <p class="missing small soft">{say("now.history_missing")}</p>}
    </div>
  );
}

type Scale = { x: (index: number) => number; y: (W: number) => number };

function scaleOf({ at, high, low }: Columns): Scale {
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    x: (index) => round((index / (at.length - 1)) * WIDTH),
    y: (W) => round(HEIGHT - ((W - low) / (high - low)) * HEIGHT),
  };
}

function Drawing({ shown, scale: { x, y } }: { shown: Columns; scale: Scale }) {
  return (
    <>
      {[shown.high, shown.high / 2, 0].map((W) => (
        <line key={W} class={W === 0 ? "rule zero" : "rule"} x1={0} x2={WIDTH} y1={y(W)} y2={y(W)} />
      ))}
      {stacked(shown.uses).map(({ band, low, high }) => (
        <g key={band.key} data-mark={band.kind}>
          <path class="use" style={{ "--mark": flowFill(band) }} d={areaPath(low, high, x, y)} />
          {band.kind === "rest" && <path class="edge" style={{ "--mark": flowMark(band) }} d={linePath(high, x, y)} />}
        </g>
      ))}
      {shown.sources.filter(isDrawn).map((band) => (
        <path
          key={band.key}
          class="source"
          data-mark={band.kind}
          style={{ "--mark": flowMark(band) }}
          d={linePath(band.values, x, y)}
        />
      ))}
    </>
  );
}

/** The grid gives what the others do not: it is the rest of the stack, and has no line of its own. */
function isDrawn(band: Band): boolean {
  return band.kind !== "grid";
}

function Ticks({ shown: { high, low } }: { shown: Columns }) {
  return (
    <div class="ticks small soft" aria-hidden="true">
      {[high, high / 2, 0, ...(low < -high / 5 ? [low] : [])].map((W) => (
        <span key={W} style={{ top: `${(100 * (high - W)) / (high - low)}%` }}>
          {tickText(W, high)}
        </span>
      ))}
    </div>
  );
}

/** The unit stands on the topmost number only. */
function tickText(W: number, high: number): string {
  const isKilo = high >= 1000;
  const number = (W < 0 ? MINUS : "") + countText(Math.abs(isKilo ? W / 1000 : W), 2);
  return W === high ? `${number} ${isKilo ? "kW" : "W"}` : number;
}

const PARTS = 4; // of the time axis

/** The times below the plot. */
function Times({ shown: { at } }: { shown: Columns }) {
  const [first, last] = [at[0] ?? 0, at[at.length - 1] ?? 0];
  const form = formatter(timezone.value, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (
    <div class="times small soft" aria-hidden="true">
      {Array.from({ length: PARTS + 1 }, (_, part) => (
        <span key={part} style={{ left: `${(100 * part) / PARTS}%` }}>
          {part === PARTS ? say("now.axis_now") : form.format((first + ((last - first) * part) / PARTS) * 1000)}
        </span>
      ))}
    </div>
  );
}

/** Labels at the right end of areas that are high enough. */
function Names({ shown }: { shown: Columns }) {
  const span = shown.high - shown.low;
  const last = shown.at.length - 1;
  return (
    <div class="names small" aria-hidden="true">
      {stacked(shown.uses).flatMap(({ band, low, high }) => {
        const [bottom, top] = [low[last] ?? 0, high[last] ?? null];
        if (top === null || Math.abs(top - bottom) / span < LEAST) return [];
        const middle = (100 * (shown.high - (top + bottom) / 2)) / span;
        return [
          <span key={band.key} style={{ top: `${middle}%` }}>
            <i class="mark" data-mark={band.kind} style={{ "--mark": flowMark(band) }} />
            <bdi>{flowName(band)}</bdi>
          </span>,
        ];
      })}
    </div>
  );
}

/** The values at the cursor. */
function Tip({ shown, index }: { shown: Columns; index: number }) {
  const side = index > shown.at.length / 2 ? "left" : "right";
  const known = (bands: readonly Band[]) => bands.filter((band) => band.values[index] !== null);
  return (
    <div class="tip small" data-side={side} aria-hidden="true">
      <p>{timeOf(shown, index)}</p>
      {[known(shown.sources), known(shown.uses)].map((bands, place) => (
        <ul key={place}>
          {bands.map((band) => (
            <li key={band.key}>
              <i class="mark" data-mark={band.kind} style={{ "--mark": flowMark(band) }} />
              <bdi>{flowName(band)}</bdi>
              <span class="number">{powerText(band, band.values[index] ?? 0)}</span>
            </li>
          ))}
        </ul>
      ))}
    </div>
  );
}

const isOpen = signal(false);

/** The data as a table: minute by minute, or hour by hour. */
function AsTable() {
  return (
    <details open={isOpen.value} onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{say("app.show_table")}</summary>
      {isOpen.value && <Table shown={columnsNow.value} />}
    </details>
  );
}

function Table({ shown }: { shown: Columns }) {
  const bands = [...shown.sources, ...shown.uses];
  const rows = shown.at.map((at, index) => ({ at, index })).filter(({ index }) => index % LOOKS[span.value].each === 0);
  return (
    <div class="scrolls" tabIndex={0} role="group" aria-label={say(LOOKS[span.value].title)}>
      <table class="data small">
        <thead>
          <tr>
            <th scope="col">{say("app.time")}</th>
            {bands.map((band) => (
              <th key={band.key} scope="col" class="number">
                {flowName(band)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.reverse().map(({ at, index }) => (
            <tr key={at}>
              <th scope="row">{clockText(at, timezone.value)}</th>
              {bands.map((band) => (
                <td key={band.key} class="number">
                  {textAt(band, index)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function textAt(band: Band, index: number): string {
  const W = band.values[index];
  return W === null || W === undefined ? NOTHING : powerText(band, W);
}

function columnText(shown: Columns, index: number): string {
  const known = [...shown.sources, ...shown.uses].filter((band) => band.values[index] !== null);
  const texts = known.map((band) => `${flowName(band)} ${textAt(band, index)}`);
  return [timeOf(shown, index), ...texts].join(", ");
}

function timeOf(shown: Columns, index: number): string {
  return clockText(shown.at[index] ?? 0, timezone.value);
}

function columnAt(event: TargetedPointerEvent<HTMLDivElement>): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  const part = Math.min(1, Math.max(0, (event.clientX - left) / width));
  return Math.round((1 - part) * (columnsNow.peek().at.length - 1));
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: 5,
  ArrowDown: 5,
  ArrowRight: -5,
  ArrowUp: -5,
  PageDown: 30,
  PageUp: -30,
  Home: Infinity,
  End: -Infinity,
};

function step(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  if (event.key === "Escape") cursorColumn.value = undefined;
  const by = STEPS[event.key];
  if (by === undefined) return;
  event.preventDefault();
  cursorColumn.value = Math.min(columnsNow.peek().at.length - 1, Math.max(0, (cursorColumn.value ?? 0) + by));
}
