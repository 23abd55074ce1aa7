/** Today's energy: what counters show now, minus what they showed when the local day began. */
import { computed, effect, signal } from "@preact/signals";

import { get } from "./http";
import { connection, devices, now, reading } from "./live";
import type { Device, Today } from "./shapes";

export const IMPORT = "energy_import_Wh";
export const EXPORT = "energy_export_Wh";
const DEVICE_OWN = "energy_today_Wh"; // by the device's own day
const RETRY_MS = 60_000; // ms until the next try where the hub did not say

const today = signal<Today | undefined>(undefined);
const levels = computed(() => new Map(today.value?.levels.map(([device, point, value]) => [`${device}\n${point}`, value])));

/** Wh that a counter rose by today; undefined where that is not known. */
export function energyToday(device: Device, counter = IMPORT): number | undefined {
  const level = levels.value.get(`${device.id}\n${counter}`);
  const newest = reading(device.id, counter).value?.value;
  if (level !== undefined && typeof newest === "number") return Math.max(0, newest - level);
  const own = counter === IMPORT ? reading(device.id, DEVICE_OWN).value?.value : undefined;
  return typeof own === "number" ? own : undefined;
}

/** Wh of several devices; undefined where none of them knows. */
export function energyOf(ids: Iterable<string>, counter = IMPORT): number | undefined {
  const wanted = new Set(ids);
  const known = devices.value.filter((one) => wanted.has(one.id)).flatMap((one) => energyToday(one, counter) ?? []);
  return known.length ? known.reduce((sum, one) => sum + one, 0) : undefined;
}

/** Begin to keep: asked for when the connection comes, and when a new day begins. */
export function keepToday(): void {
  const isOver = computed(() => today.value !== undefined && now.value >= today.value.until);
  effect(() => {
    if (connection.value === "live" && (!today.peek() || isOver.value)) void ask();
  });
}

async function ask(): Promise<void> {
  try {
    today.value = await get<Today>("/api/today");
  } catch {
    setTimeout(() => connection.peek() === "live" && void ask(), RETRY_MS);
  }
}
