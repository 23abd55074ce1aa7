/** The numeric points of one device in the last ten minutes: from the store, then from live updates. */
import { computed, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { get } from "../../../data/http";
import { connection, now, onReadings, reading } from "../../../data/live";
import { isAnswering } from "../../../devices/points";
import type { Device, History } from "../../../data/shapes";
import { Track } from "../../../data/track";

const SPAN_S = 600;
const STEP_S = 5; // between two values of a line
const COUNT = SPAN_S / STEP_S + 1;
const SERIES = 40; // per request
const FROM_ZERO = new Set(["W", "VA", "var", "A", "Wh", "varh", "kWh", "%"]);
const LEAST = 0.002; // minimum relative change that fills the height of a line

/** The time of the newest value of a line; moves every STEP_S seconds. */
const edge = computed(() => Math.floor(now.value / STEP_S) * STEP_S);

export type Traces = (point: string) => (number | null)[];

/** The lines of the numeric points of a device. */
export function useTraces(device: Device): Traces {
  const [kept] = useState(() => ({ tracks: new Map<string, Track>(), came: signal(0) }));
  const keys = device.points
    .filter((point) => point.kind === "number" && point.access !== "w")
    .map((point) => point.key);
  const live = connection.value === "live";
  const silent = !isAnswering(device.state) && device.since;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `keys` by what is in it; `kept` is a ref
  useEffect(() => {
    kept.tracks.clear();
    for (const key of keys) kept.tracks.set(key, begun(device.id, key));
    const stop = onReadings((changes) => {
      for (const [id, point, value, at] of changes)
        if (id === device.id && typeof value === "number") kept.tracks.get(point)?.add(at, value);
    });
    const ended = new AbortController();
    void loadHistory(device.id, keys, kept.tracks, ended.signal).then(() => (kept.came.value += 1));
    return () => {
      stop();
      ended.abort();
    };
  }, [device.id, keys.join(), live]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `keys` by what is in it; `kept` is a ref
  useEffect(() => {
    if (silent) for (const track of kept.tracks.values()) track.add(Date.parse(silent) / 1000, null);
  }, [silent, keys.join(), live]);
  kept.came.value;
  const end = edge.value;
  return (point) => kept.tracks.get(point)?.evenly(end, STEP_S, COUNT) ?? [];
}

/**
 * The line scaled for a sparkline, which draws from zero: quantities with a meaningful zero are drawn from zero, others
 * (230 V, 21 °C) between their lowest and highest value.
 */
export function shaped(values: readonly (number | null)[], unit: string): (number | null)[] {
  const known = values.filter((value) => value !== null);
  if (FROM_ZERO.has(unit) || !known.length) return scaled(values, 0, Math.max(...known, 0), Math.min(...known, 0));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = Math.max(high - low, Math.max(Math.abs(low), Math.abs(high)) * LEAST, Number.MIN_VALUE);
  return scaled(values, low - (room - (high - low)) / 2, room);
}

/** Each value minus `from`, in hundredths of `size` (or of `-low`, if that is larger). */
function scaled(values: readonly (number | null)[], from: number, size: number, low = 0): (number | null)[] {
  const unit = Math.max(size, -low) / 100 || 1;
  return values.map((value) => (value === null ? null : (value - from) / unit));
}

function begun(device: string, point: string): Track {
  const track = new Track();
  const newest = reading(device, point).peek();
  if (typeof newest?.value === "number") track.add(newest.at, newest.value);
  return track;
}

/** Loads earlier values from the store; errors are ignored here, because the line is shown without them. */
async function loadHistory(
  device: string,
  keys: readonly string[],
  tracks: ReadonlyMap<string, Track>,
  signal: AbortSignal,
): Promise<void> {
  const end = now.peek();
  try {
    for (let index = 0; index < keys.length; index += SERIES) {
      const series = keys.slice(index, index + SERIES).map((key) => `${device}.${key}`);
      const history = await get<History>("/api/history", { series, start: end - SPAN_S, end, points: COUNT }, signal);
      for (const one of history.series) addSeries(tracks.get(one.point), one);
    }
  } catch {
    return;
  }
}

function addSeries(track: Track | undefined, { at, value, mean }: History["series"][number]): void {
  at.forEach((time, index) => {
    const one = mean?.[index] ?? value[index];
    track?.add(time, typeof one === "number" ? one : null);
  });
}
