/**
 * The last 24 hours of the main value of each device, a quarter of an hour for each column: loaded once the page shows
 * the newest values, and again with each quarter of an hour.
 *
 *     GET /api/history?series=kettle.power_W&…&points=96 ──► columns, the newest last
 */
import { computed, effect, signal, untracked } from "@preact/signals";

import { columnsOf } from "../energy/bands";
import { flowsOf, planOf } from "../energy/flows";
import { clockSteps, connection, devices, now } from "./live";
import { tracked } from "./recent";
import { historiesOf } from "./series";
import type { Device, Series } from "./shapes";

export const DAY_STEP_S = 900;
export const DAY_COLUMNS = 97;
const AGAIN_MS = 30_000; // until the next attempt after a failure
const LEAST = 4; // columns with a value; fewer are no curve

type Loaded = { start: number; values: ReadonlyMap<string, readonly (number | null)[]> };

const loaded = signal<Loaded | undefined>(undefined);
let request = 0;

/** The quarter of an hour that runs: its begin. */
const quarter = computed(() => Math.floor(now.value / DAY_STEP_S) * DAY_STEP_S);

/** The values of a device, oldest first; undefined: too few are known. */
export function dayOf(device: string): readonly (number | null)[] | undefined {
  const values = loaded.value?.values.get(device);
  return values && values.filter((value) => value !== null).length >= LEAST ? values : undefined;
}

/** How many hours are known of what measures power; 0 while it is loading. */
export const dayHours = computed(() => {
  const firsts = [...(loaded.value?.values.values() ?? [])]
    .map((values) => values.findIndex((value) => value !== null))
    .filter((first) => first >= 0);
  return firsts.length ? ((DAY_COLUMNS - Math.min(...firsts)) * DAY_STEP_S) / 3600 : 0;
});

/** The columns of the chart of the day. */
export const dayColumns = computed(() => {
  const { start, values } = loaded.value ?? {
    start: quarter.value - (DAY_COLUMNS - 1) * DAY_STEP_S,
    values: new Map<string, (number | null)[]>(),
  };
  const plan = planOf(devices.value);
  const at = Array.from({ length: DAY_COLUMNS }, (_, index) => start + index * DAY_STEP_S);
  return columnsOf(at, (time) => flowsOf(plan, (id) => values.get(id)?.[(time - start) / DAY_STEP_S] ?? undefined));
});

/** Load it while a page shows it. Returns a function that ends that. */
export function keepDay(): () => void {
  return effect(() => {
    quarter.value;
    clockSteps.value;
    names.value;
    if (connection.value === "live") untracked(() => void load());
  });
}

/** The series, a line each. What a device that is only being connected measures is not known for sure yet. */
const names = computed(() => devices.value.flatMap(nameOfSeries).join("\n"));

function nameOfSeries(device: Device): string[] {
  const key = device.state === "seen" || device.state === "connecting" ? undefined : tracked(device);
  return key ? [`${device.id}.${key}`] : [];
}

async function load(): Promise<void> {
  const mine = ++request;
  const series = names.peek() ? names.peek().split("\n") : [];
  const start = quarter.peek() - (DAY_COLUMNS - 1) * DAY_STEP_S;
  const values = new Map<string, (number | null)[]>();
  try {
    for await (const answer of historiesOf(series, {
      start,
      end: start + DAY_COLUMNS * DAY_STEP_S,
      points: DAY_COLUMNS,
    })) {
      for (const one of answer.series) values.set(one.device, columnsFrom(one, start));
    }
    if (mine === request) loaded.value = { start, values };
  } catch {
    setTimeout(() => mine === request && connection.peek() === "live" && void load(), AGAIN_MS);
  }
}

/** The mean of each column. A value holds until the next row; null: a gap, or before the first one. */
export function columnsFrom(
  { at, value, mean }: Pick<Series, "at" | "value" | "mean">,
  start: number,
): (number | null)[] {
  const columns: (number | null)[] = [];
  let row = 0;
  let held: number | null = null;
  for (let column = 0; column <= DAY_COLUMNS; column++) {
    let [sum, count] = [0, 0];
    for (; row < at.length && (at[row] ?? 0) < start + column * DAY_STEP_S; row++) {
      const one = mean?.[row] ?? value[row];
      held = typeof one === "number" ? one : null;
      if (held !== null) [sum, count] = [sum + held, count + 1];
    }
    if (column > 0) columns.push(count ? sum / count : held);
  }
  return columns;
}
