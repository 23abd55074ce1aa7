/** The report of the board's last start, from the description of its device. Pure. */
import { timeText } from "../../../text/format";
import type { Device } from "../../../data/shapes";
import { sayIfKnown } from "../../../text/words";

export type StartGroup = { key: string; rows: readonly { name: string; value: string }[] };

const PREFIX = "start_"; // of the names in the description
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  start: ["at", "reset_reason", "platform", "clock_kHz", "clock_crystal", "started_at", "update_info", "update_check"],
  versions: ["version", "built", "chip", "hardware", "cm4", "n9"],
  tasks: ["tasks", "modules", "event"],
  wifi: ["wifi_port", "httpd", "phy_mode", "bandwidth", "tx_power", "auth", "encrypt"],
  rules: ["timer_rules", "auto_off_rules", "button_reset_count"],
  macs: ["ap_mac", "response_mac"],
};
const OF_DEVICE = new Set(["version", "built", "chip", "hardware"]); // which it reports without a start too

/** Whether a name of the description belongs to the report. */
export function isOfStart(name: string): boolean {
  return name.startsWith(PREFIX);
}

export function hasStartReport(device: Pick<Device, "info">): boolean {
  return Boolean(device.info[`${PREFIX}at`]);
}

/** The report, by subject; facts that the start did not have are left out. `now`: Unix seconds. */
export function startGroups(device: Pick<Device, "info">, now: number, zone: string): StartGroup[] {
  return Object.entries(GROUPS)
    .map(([key, names]) => ({
      key,
      rows: names.map((name) => rowOf(device, name, now, zone)).filter((row) => row.value),
    }))
    .filter((group) => group.rows.length > 0);
}

function rowOf({ info }: Pick<Device, "info">, name: string, now: number, zone: string) {
  const text = info[OF_DEVICE.has(name) ? name : PREFIX + name] ?? "";
  const title = sayIfKnown(`console.start_${name}`, name.replaceAll("_", " "));
  if (!text) return { name: title, value: "" };
  if (name === "at") return { name: title, value: timeText(Date.parse(text) / 1000, now, zone) };
  if (name === "reset_reason") return { name: title, value: sayIfKnown(`console.reset_${text}`, text, { code: text }) };
  return { name: title, value: text };
}
