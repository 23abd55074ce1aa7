/**
 * The last ten minutes of what says most of each device: from the store at first and after each break, then as it
 * comes.
 *
 *     GET /api/history?series=kettle.power_W&… ──► Track ◄── readings of the WebSocket, states
 */
import { computed, effect, signal, untracked } from "@preact/signals";

import { flowsOf, planOf, type Flows } from "./flows";
import { get } from "./http";
import { connection, devices, now, onReadings, reading } from "./live";
import { isAnswering, mainOf } from "./points";
import type { Device, History } from "./shapes";
import { Track } from "./track";

export const SPAN = 600; // s
export const STEP = 2; // s from one column of a chart to the next
export const COLUMNS = SPAN / STEP + 1;
const REACH = 2; // s by which a plug's reading may be later than the meter's and still belong to it
const LONG = 60; // s after which a meter that says nothing new is taken to say the same again
const SERIES = 40; // asked for at once

const tracks = new Map<string, Track>();

/** Whether what was before this page was opened has been asked for. */
export const past = signal<"asked" | "here" | "missing">("asked");

/** Counts what came into the tracks. */
const moved = signal(0);

/** The time of the newest column; moves each STEP seconds. */
export const edge = computed(() => Math.floor(now.value / STEP) * STEP);

/** What a device measured lately; its power, else what says most. */
export function trackOf(device: string): Track {
  let found = tracks.get(device);
  if (!found) tracks.set(device, (found = new Track()));
  return found;
}

/** The numeric point whose last minutes are kept. */
export function tracked(device: Device): string | undefined {
  const main = mainOf(device);
  return main?.kind === "number" ? main.key : undefined;
}

const plan = computed(() => planOf(devices.value));

/** Ids of the meters of the house. */
export const meters = computed(() => plan.value.meters);

/** The flows now: what the meters said last, and what everybody else measured at that time. */
export const flows = computed((): Flows => {
  moved.value;
  const answering = new Set(plan.value.devices.filter((one) => isAnswering(one.state)).map((one) => one.id));
  return flowsAt(Infinity, now.peek(), (id) => answering.has(id));
});

/** The flows at a time of the last minutes. `clock`: what time it then was, where `at` is the newest there is. */
export function flowsAt(at: number, clock = at, counts: (id: string) => boolean = () => true): Flows {
  const told = [...meters.value].filter(counts).flatMap((id) => trackOf(id).knownSince(at) ?? []);
  const moment = told.length ? Math.min(...told) : at;
  const together = clock - moment > LONG ? at : moment;
  return flowsOf(plan.value, (id) => {
    if (!counts(id)) return undefined;
    const track = trackOf(id);
    return (meters.value.has(id) ? track.value(at) : track.near(together, REACH)) ?? undefined;
  });
}

/** Begin to keep. */
export function keepRecent(): void {
  onReadings((changes) => {
    for (const [device, point, value, at] of changes) {
      if (point === wanted.peek().get(device) && typeof value === "number") trackOf(device).add(at, value);
    }
    moved.value = moved.peek() + 1;
  });
  effect(() => {
    for (const { id, state, since } of devices.value) markSilence(id, state, since);
    moved.value = moved.peek() + 1;
  });
  effect(() => {
    if (connection.value === "live") void untracked(recall);
    else past.value = "asked";
  });
}

const wanted = computed(() => new Map(devices.value.map((one) => [one.id, tracked(one)])));

function markSilence(device: string, state: Device["state"], since: string | null): void {
  if (!isAnswering(state) && since) trackOf(device).add(Date.parse(since) / 1000, null);
}

/** What came before: asked again after each break, when what was missed is not known. */
async function recall(): Promise<void> {
  const asked = devices.peek().flatMap((one) => (tracked(one) ? [`${one.id}.${tracked(one)}`] : []));
  const end = now.peek();
  tracks.clear();
  for (const one of devices.peek()) begin(one);
  try {
    for (let index = 0; index < asked.length; index += SERIES) {
      const series = asked.slice(index, index + SERIES);
      remember(await get<History>("/api/history", { series, start: end - SPAN, end, points: SPAN }));
    }
    past.value = "here";
  } catch {
    past.value = "missing";
  }
  moved.value += 1;
}

function begin(device: Device): void {
  const key = tracked(device);
  const newest = key === undefined ? undefined : reading(device.id, key).peek();
  if (typeof newest?.value === "number") trackOf(device.id).add(newest.at, newest.value);
  markSilence(device.id, device.state, device.since);
}

function remember(history: History): void {
  for (const { device, at, value, mean } of history.series) {
    const track = trackOf(device);
    at.forEach((time, index) => {
      const one = mean?.[index] ?? value[index];
      track.add(time, typeof one === "number" ? one : null);
    });
  }
}
