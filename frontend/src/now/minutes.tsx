/** The last ten minutes: uses as stacked areas, sources as lines. Its size is fixed. */
import { signal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";

import { clockText, NOTHING, quantityText } from "../text/format";
import { areaPath, linePath, stacked, type Band, type Columns } from "../energy/bands";
import { timezone } from "../data/live";
import { historyState, SPAN, STEP } from "../data/recent";
import { say } from "../text/words";
import { columns } from "./columns";
import { flowMark, flowName, powerText } from "./names";

const WIDTH = 600;
const HEIGHT = 200;
const LEAST = 0.09; // of the height: lower bands have no label

/** The column at the cursor, counted from the newest; undefined: none. */
const cursorColumn = signal<number | undefined>(undefined);

export function Minutes() {
  return (
    <section class="card minutes live" aria-labelledby="minutes">
      <h2 id="minutes">{say("now.minutes")}</h2>
      <Plot />
      <p class="axis small soft" aria-hidden="true">
        <span>{say("now.ago_10")}</span>
        <span>{say("now.ago_5")}</span>
        <span>{say("now.axis_now")}</span>
      </p>
      <AsTable />
    </section>
  );
}

function Plot() {
  const shown = columns.value;
  const index = cursorColumn.value === undefined ? undefined : shown.at.length - 1 - cursorColumn.value;
  const scale = scaleOf(shown);
  return (
    <div
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label={say("now.minutes_label")}
      aria-valuemin={-SPAN}
      aria-valuemax={0}
      aria-valuenow={-(cursorColumn.value ?? 0) * STEP}
      aria-valuetext={columnText(shown, index ?? shown.at.length - 1)}
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
        <line key={W} class="rule" x1={0} x2={WIDTH} y1={y(W)} y2={y(W)} />
      ))}
      {stacked(shown.uses).map(({ band, low, high }) => (
        <g key={band.key} data-mark={band.kind} style={{ "--mark": flowMark(band) }}>
          <path class="use" d={areaPath(low, high, x, y)} />
          <path class="edge" d={linePath(high, x, y)} />
        </g>
      ))}
      {shown.sources.map((band) => (
        <path key={band.key} class="source" data-mark={band.kind} style={{ "--mark": flowMark(band) }} d={linePath(band.values, x, y)} />
      ))}
    </>
  );
}

function Ticks({ shown: { high, low } }: { shown: Columns }) {
  return (
    <div class="ticks small soft" aria-hidden="true">
      {[high, high / 2, 0, ...(low < -high / 5 ? [low] : [])].map((W) => (
        <span key={W} style={{ top: `${(100 * (high - W)) / (high - low)}%` }}>
          {quantityText(W, "W", W >= 1000 ? 1 : 0)}
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
            {flowName(band)}
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
      <p class="soft">{clockText(shown.at[index] ?? 0, timezone.value)}</p>
      {[known(shown.sources), known(shown.uses)].map((bands, place) => (
        <ul key={place}>
          {bands.map((band) => (
            <li key={band.key}>
              <i class="mark" data-mark={band.kind} style={{ "--mark": flowMark(band) }} />
              <span>{flowName(band)}</span>
              <span class="number">{powerText(band, band.values[index] ?? 0)}</span>
            </li>
          ))}
        </ul>
      ))}
    </div>
  );
}

const isOpen = signal(false);
const EACH = 60 / STEP; // columns from one row of the table to the next

/** The data as a table, minute by minute. */
function AsTable() {
  return (
    <details open={isOpen.value} onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{say("app.show_table")}</summary>
      {isOpen.value && <Table shown={columns.value} />}
    </details>
  );
}

function Table({ shown }: { shown: Columns }) {
  const bands = [...shown.sources, ...shown.uses];
  const rows = shown.at.map((at, index) => ({ at, index })).filter(({ index }) => index % EACH === 0);
  return (
    <div class="scrolls" tabIndex={0} role="group" aria-label={say("now.minutes")}>
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
  return [clockText(shown.at[index] ?? 0, timezone.value), ...texts].join(", ");
}

function columnAt(event: TargetedPointerEvent<HTMLDivElement>): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  const part = Math.min(1, Math.max(0, (event.clientX - left) / width));
  return Math.round(((1 - part) * SPAN) / STEP);
}

const STEPS: Readonly<Record<string, number>> = { ArrowLeft: 5, ArrowDown: 5, ArrowRight: -5, ArrowUp: -5, PageDown: 30, PageUp: -30, Home: Infinity, End: -Infinity };

function step(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  if (event.key === "Escape") cursorColumn.value = undefined;
  const by = STEPS[event.key];
  if (by === undefined) return;
  event.preventDefault();
  cursorColumn.value = Math.min(SPAN / STEP, Math.max(0, (cursorColumn.value ?? 0) + by));
}
