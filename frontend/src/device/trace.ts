/** What each number of one device was in the last ten minutes: from the store, then as it comes. */
import { computed, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { get } from "../http";
import { connection, now, onReadings, reading } from "../live";
import { isAnswering } from "../points";
import type { Device, History } from "../shapes";
import { Track } from "../track";

const SPAN = 600; // s
const STEP = 5; // s from one value of a line to the next
const COUNT = SPAN / STEP + 1;
const SERIES = 40; // asked for at once
const FROM_ZERO = new Set(["W", "VA", "var", "A", "Wh", "varh", "kWh", "%"]);
const LEAST = 0.002; // of its size that a value must move by to fill a line's height

/** The time of the newest value of a line; moves each STEP seconds. */
const edge = computed(() => Math.floor(now.value / STEP) * STEP);

export type Traces = (point: string) => (number | null)[];

/** The lines of a device's numbers. */
export function useTraces(device: Device): Traces {
  const [kept] = useState(() => ({ tracks: new Map<string, Track>(), came: signal(0) }));
  const keys = device.points.filter((point) => point.kind === "number" && point.access !== "w").map((point) => point.key);
  const live = connection.value === "live";
  const silent = !isAnswering(device.state) && device.since;
  useEffect(() => {
    kept.tracks.clear();
    for (const key of keys) kept.tracks.set(key, begun(device.id, key));
    const stop = onReadings((changes) => {
      for (const [id, point, value, at] of changes) if (id === device.id && typeof value === "number") kept.tracks.get(point)?.add(at, value);
    });
    const ended = new AbortController();
    void recall(device.id, keys, kept.tracks, ended.signal).then(() => (kept.came.value += 1));
    return () => {
      stop();
      ended.abort();
    };
  }, [device.id, keys.join(), live]);
  useEffect(() => {
    if (silent) for (const track of kept.tracks.values()) track.add(Date.parse(silent) / 1000, null);
  }, [silent, keys.join(), live]);
  kept.came.value;
  const end = edge.value;
  return (point) => kept.tracks.get(point)?.evenly(end, STEP, COUNT) ?? [];
}

/**
 * The same line for a sparkline, which draws from zero: what has a meaningful zero stays as it is, all else
 * (230 V, 21 °C) fills the height between its lowest and its highest value.
 */
export function shaped(values: readonly (number | null)[], unit: string): (number | null)[] {
  const known = values.filter((value) => value !== null);
  if (FROM_ZERO.has(unit) || !known.length) return scaled(values, 0, Math.max(...known, 0), Math.min(...known, 0));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const room = Math.max(high - low, Math.max(Math.abs(low), Math.abs(high)) * LEAST, Number.MIN_VALUE);
  return scaled(values, low - (room - (high - low)) / 2, room);
}

/** Each value less `from`, in hundredths of `size` (or of what `low` lies below zero, where that is more). */
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

/** A line without its past is still a line: that the store did not answer is told where history is the matter. */
async function recall(device: string, keys: readonly string[], tracks: ReadonlyMap<string, Track>, signal: AbortSignal): Promise<void> {
  const end = now.peek();
  try {
    for (let index = 0; index < keys.length; index += SERIES) {
      const series = keys.slice(index, index + SERIES).map((key) => `${device}.${key}`);
      const history = await get<History>("/api/history", { series, start: end - SPAN, end, points: COUNT }, signal);
      for (const one of history.series) remember(tracks.get(one.point), one);
    }
  } catch {
    return;
  }
}

function remember(track: Track | undefined, { at, value, mean }: History["series"][number]): void {
  at.forEach((time, index) => {
    const one = mean?.[index] ?? value[index];
    track?.add(time, typeof one === "number" ? one : null);
  });
}
