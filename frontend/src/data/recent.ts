/**
 * The last ten minutes of the main value of each device: from the store at first and after each reconnect, then from
 * live updates.
 *
 *     GET /api/history?series=kettle.power_W&… ──► Track ◄── readings of the WebSocket, states
 */
import { computed, effect, signal, untracked } from "@preact/signals";

import { cached } from "./cached";
import { flowsOf, planOf, type Flows } from "../energy/flows";
import { clockSteps, connection, devices, now, onReadings, reading } from "./live";
import { isAnswering, mainOf } from "../devices/points";
import { historiesOf } from "./series";
import type { Device, History } from "./shapes";
import { Track } from "./track";

export const SPAN = 600; // s
export const STEP = 2; // s between two columns of a chart
export const COLUMNS = SPAN / STEP + 1;
const TOLERANCE = 2; // s by which a plug's reading may be later than the meter's reading it is compared with
const UNCHANGED = 60; // s without a report after which a meter's value is considered unchanged

const tracks = new Map<string, Track>();

/** State of loading the values from before this page was opened. */
export const historyState = signal<"loading" | "loaded" | "missing">("loading");

/** Number of changes of the tracks. */
const moved = signal(0);

/** The time of the newest column; moves each STEP seconds. */
export const edge = computed(() => Math.floor(now.value / STEP) * STEP);

/** The recent power of a device, or its main value. */
export function trackOf(device: string): Track {
  return cached(tracks, device, () => new Track());
}

/** The numeric point that is recorded. */
export function tracked(device: Device): string | undefined {
  const main = mainOf(device);
  return main?.kind === "number" ? main.key : undefined;
}

/** Who measures what, and inside which other device. */
export const plan = computed(() => planOf(devices.value));

/** The ids of the meters. */
export const meters = computed(() => plan.value.meters);

/** The current flows: the last readings of the meters, and of the other devices at that time. */
export const flows = computed((): Flows => {
  moved.value;
  const answering = new Set(plan.value.devices.filter((one) => isAnswering(one.state)).map((one) => one.id));
  return flowsAt(Infinity, now.peek(), (id) => answering.has(id));
});

/** The flows at a time within the last minutes. `clock`: the current time, if `at` means the newest values. */
export function flowsAt(at: number, clock = at, counts: (id: string) => boolean = () => true): Flows {
  const times = [...meters.value].filter(counts).flatMap((id) => trackOf(id).knownSince(at) ?? []);
  const moment = times.length ? Math.min(...times) : at;
  const together = clock - moment > UNCHANGED ? at : moment;
  return flowsOf(plan.value, (id) => {
    if (!counts(id)) return undefined;
    const track = trackOf(id);
    return (meters.value.has(id) ? track.value(at) : track.near(together, TOLERANCE)) ?? undefined;
  });
}

/** Start recording. */
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
    clockSteps.value;
    if (connection.value === "live") void untracked(loadHistory);
    else historyState.value = "loading";
  });
}

const wanted = computed(() => new Map(devices.value.map((one) => [one.id, tracked(one)])));

function markSilence(device: string, state: Device["state"], since: string | null): void {
  if (!isAnswering(state) && since) trackOf(device).add(Date.parse(since) / 1000, null);
}

/** Load earlier values; again after each reconnect, because values were missed, and when a clock was set. */
async function loadHistory(): Promise<void> {
  const names = devices.peek().flatMap((one) => (tracked(one) ? [`${one.id}.${tracked(one)}`] : []));
  const end = now.peek();
  tracks.clear();
  for (const one of devices.peek()) begin(one);
  try {
    for await (const one of historiesOf(names, { start: end - SPAN, end, points: SPAN })) addHistory(one);
    historyState.value = "loaded";
  } catch {
    historyState.value = "missing";
  }
  moved.value += 1;
}

function begin(device: Device): void {
  const key = tracked(device);
  const newest = key === undefined ? undefined : reading(device.id, key).peek();
  if (typeof newest?.value === "number") trackOf(device.id).add(newest.at, newest.value);
  markSilence(device.id, device.state, device.since);
}

function addHistory(history: History): void {
  for (const { device, at, value, mean } of history.series) {
    const track = trackOf(device);
    at.forEach((time, index) => {
      const one = mean?.[index] ?? value[index];
      track.add(time, typeof one === "number" ? one : null);
    });
  }
}
