/** Today's energy: counters now minus counters at the beginning of the local day. */
import { computed, effect, signal } from "@preact/signals";

import { get } from "./http";
import { connection, devices, now, reading } from "./live";
import type { Device, Today } from "./shapes";

export const IMPORT = "energy_import_Wh";
export const EXPORT = "energy_export_Wh";
const DEVICE_OWN = "energy_today_Wh"; // counted by the device
const RETRY_MS = 60_000; // until the next attempt after a failure

const today = signal<Today | undefined>(undefined);
const levels = computed(
  () => new Map(today.value?.levels.map(([device, point, value]) => [`${device}\n${point}`, value])),
);

/** The increase of a counter today, Wh; undefined if unknown. */
export function energyToday(device: Device, counter = IMPORT): number | undefined {
  const level = levels.value.get(`${device.id}\n${counter}`);
  const newest = reading(device.id, counter).value?.value;
  if (level !== undefined && typeof newest === "number") return Math.max(0, newest - level);
  const own = counter === IMPORT ? reading(device.id, DEVICE_OWN).value?.value : undefined;
  return typeof own === "number" ? own : undefined;
}

/** The sum for several devices, Wh; undefined if it is unknown for all of them. */
export function energyOf(ids: Iterable<string>, counter = IMPORT): number | undefined {
  const wanted = new Set(ids);
  const known = devices.value.filter((one) => wanted.has(one.id)).flatMap((one) => energyToday(one, counter) ?? []);
  return known.length ? known.reduce((sum, one) => sum + one, 0) : undefined;
}

/** Load the levels after connecting, and when a new day begins. */
export function keepToday(): void {
  const isOver = computed(() => today.value !== undefined && now.value >= today.value.until);
  effect(() => {
    if (connection.value === "live" && (!today.peek() || isOver.value)) void ask();
  });
}

/** Load the levels again: what was counted today was corrected. */
export function reloadToday(): void {
  void ask();
}

async function ask(): Promise<void> {
  try {
    today.value = await get<Today>("/api/today");
  } catch {
    setTimeout(() => connection.peek() === "live" && void ask(), RETRY_MS);
  }
}
