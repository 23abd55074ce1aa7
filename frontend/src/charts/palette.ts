/**
 * The colour of each device: the same in bars, charts and rows, and stable over time.
 *
 * Grid, solar, export and the rest have fixed colours; devices use the other four colours of Okabe and Ito, then a second
 * tone of each, by a stable hash of their id. If a colour is taken, the next free one is used.
 */
import { computed } from "@preact/signals";

import { devices } from "../data/live";

export const COLOURS = 8; // --use-0 … --use-7 in style.css
const PURE = 4;

/** The colour of each id, independent of the order of the ids. */
export function assigned(ids: Iterable<string>): Map<string, number> {
  const taken = new Map<string, number>();
  const free = new Set(Array.from({ length: COLOURS }, (_, index) => index));
  for (const id of [...new Set(ids)].sort()) {
    const preferred = hash(id) % PURE;
    const turn = [0, 1, 2, 3].map((step) => (preferred + step) % PURE);
    const found = [...turn, ...turn.map((slot) => slot + PURE)].find((slot) => free.has(slot)) ?? hash(id) % COLOURS;
    free.delete(found);
    taken.set(id, found);
  }
  return taken;
}

/** FNV-1a. */
export function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return sum;
}

const slots = computed(() => assigned(devices.value.filter((one) => one.state !== "seen" && isMeasured(one)).map((one) => one.id)));

/** The CSS colour of a device: `var(--use-2)`; `var(--solar)` for producers. */
export function markOf(id: string): string {
  const device = devices.value.find((one) => one.id === id);
  if (device?.produces) return "var(--solar)";
  return `var(--use-${slots.value.get(id) ?? hash(id) % COLOURS})`;
}

/** A CSS colour as `rgb(…)`, for a canvas, which does not support variables. */
export function resolved(colour: string): string {
  const probe = document.createElement("span");
  probe.style.color = colour;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function isMeasured(device: { produces: boolean; points: readonly { key: string }[] }): boolean {
  return !device.produces && device.points.some((point) => point.key === "power_W");
}
