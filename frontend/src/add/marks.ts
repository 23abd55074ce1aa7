/** The colour that a new device will have. */
import { COLOURS, markOfUse } from "../charts/palette";
import { devices } from "../data/live";
import type { Device } from "../data/shapes";
import { pointOf, POWER } from "../devices/points";

const METERS = ["emporia"];

export function markOfNew(found: Device): string {
  if (METERS.includes(found.family)) return "var(--from-grid)";
  if (!pointOf(found, POWER)) return "var(--rest)";
  const taken = new Set(devices.value.map((one) => one.colour));
  return markOfUse(Array.from({ length: COLOURS }, (_, colour) => colour).find((colour) => !taken.has(colour)) ?? null);
}
