/** The colour that a new device will have. */
import { planOf } from "../energy/flows";
import { COLOURS } from "../charts/palette";
import { devices } from "../data/live";
import type { Device } from "../data/shapes";
import { pointOf, POWER } from "../devices/points";

const METERS = ["emporia"];

export function markOfNew(found: Device): string {
  if (METERS.includes(found.family)) return "var(--from-grid)";
  if (!pointOf(found, POWER)) return "var(--rest)";
  const plan = planOf(devices.value);
  const users = plan.devices.filter((one) => !one.produces && !plan.meters.has(one.id)).length;
  return users < COLOURS ? `var(--use-${users})` : "var(--rest)";
}
