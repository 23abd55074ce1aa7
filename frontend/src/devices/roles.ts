/**
 * What the points of a device are for people: what they look at, what they switch every day, what they set once, and
 * what only experts need. By the keys of the vocabulary (docs/points.md). Pure.
 *
 *     power_W, temperature_floor_C ──► reading     on_2, setpoint_C ──► control
 *     child_lock, after_power_cut  ──► setting     energy_calibration, dp_107, records in the maker's form ──► expert
 */
import { POWER, pointOf, switchOf } from "./points";
import type { Device, Point } from "../data/shapes";

export type Role = "reading" | "control" | "setting" | "expert";

/** What is measured or reported, most wanted first: the first one that a device has is its big number. */
const READINGS = (
  "power temperature temperature_indoor temperature_water humidity open motion presence water smoke gas co_alarm co2 " +
  "co pm25 pm10 voc formaldehyde air_quality lock position illuminance soil_moisture liquid_level water_total rain " +
  "wind_speed pressure uv_index battery battery_state battery_low activity alarm fault tampered vibration doorbell " +
  "temperature_floor temperature_external temperature_outdoor valve window_open tank_full charging charge_state " +
  "connector_state energy_session balance pv_power battery_power over_temperature trip countdown_left " +
  "opened_by_fingerprint opened_by_password opened_by_card opened_by_app opened_by_key duress filter_life"
).split(" ");
const LAST_HEADLINE = READINGS.indexOf("battery"); // from here on they are no big number

const CONTROLS = (
  "on on_all setpoint mode preset fan_on fan_speed fan_mode fan_direction swing swing_horizontal boost turbo sleep " +
  "eco away holiday manual brightness colour_temperature light light_mode position_target action approve siren " +
  "alarm_on humidity_target speed level manual_feed pause pump heat cool dry ion power_mode irrigation_mode privacy " +
  "recording suction charge_current_limit mute"
).split(" ");

/** Settings that have a title and a sentence: `behaviour.child_lock`, `behaviour.child_lock_text`. */
const SETTINGS = (
  "after_power_cut countdown child_lock led indicator backlight overcharge_cutoff inching inching_duration interlock " +
  "switch_type standby_killer standby_killer_power standby_killer_delay standby_killer_alert " +
  "over_temperature_protection over_temperature_action beep do_not_disturb volume duration ringtone report_interval " +
  "wakes_every prepaid charge overload_limit over_current_limit over_voltage_limit under_voltage_limit " +
  "over_temperature_limit leakage_limit trip_action auto_reclosing temperature_correction humidity_correction " +
  "hysteresis frost_protection window_detection setpoint_min setpoint_max sensitivity screen_brightness alarm_enabled " +
  "power_limit temperature_unit"
).split(" ");

const EXPERT = (
  "test_result live_updates debug_data time time_format restart factory_reset data_reset wifi_reset filter_reset " +
  "brush_reset refresh self_test self_test_result leakage_test clear_energy clear_events schedule alarms alarms_1 " +
  "alarms_2 joining joining_left security security_left alarm_reported alarm_text device_id device_info number " +
  "firmware model calibration voltage_calibration current_calibration power_calibration energy_calibration " +
  "frequency_calibration message event"
).split(" ");

const TABLE: ReadonlyMap<string, Role> = new Map([
  ...READINGS.map((base) => [base, "reading"] as const),
  ...CONTROLS.map((base) => [base, "control"] as const),
  ...SETTINGS.map((base) => [base, "setting"] as const),
  ...EXPERT.map((base) => [base, "expert"] as const),
]);

/**
 * The entry of a key: its longest beginning that is listed. `power_2_W` is `power`, `standby_killer_power_W` is itself.
 */
export function baseOf(key: string): string | undefined {
  const parts = key.split("_");
  for (let count = parts.length; count > 0; count--) {
    const base = parts.slice(0, count).join("_");
    if (TABLE.has(base)) return base;
  }
  return undefined;
}

/** Whether the point is `base` of the vocabulary, of any unit and channel. */
export function isPoint({ key }: Point, base: string): boolean {
  return baseOf(key) === base;
}

export function roleOf(point: Point): Role {
  const role = TABLE.get(baseOf(point.key) ?? "");
  if (point.kind === "raw" || role === "expert" || /^dp_\d+/.test(point.key)) return "expert";
  if (point.access === "r") return role === "reading" || role === "control" ? "reading" : "expert";
  if (role === undefined && point.kind === "text") return "expert";
  return role === "control" ? role : "setting";
}

/** The big number of a device; undefined: it has none. */
export function headlineOf(device: Device): Point | undefined {
  const power = pointOf(device, POWER);
  if (power) return power;
  const readings = readingsOf(device);
  return readings.find((point) => point.key === device.main) ?? readings.find((point) => rankOf(point) < LAST_HEADLINE);
}

/** What a device reports for people, most wanted first. */
export function readingsOf(device: Device): readonly Point[] {
  const found = device.points.filter(
    (point) => point.kind !== "counter" && point.access !== "w" && roleOf(point) === "reading",
  );
  return found.sort((one, other) => rankOf(one) - rankOf(other));
}

/** The relay, heater or light that the large switch switches; undefined: the device has none. */
export function relayOf(device: Device): Point | undefined {
  const point = switchOf(device);
  return point && (point.key === "on" || point.key === device.main) ? point : undefined;
}

/** What is switched or set every day, without the large switch. */
export function controlsOf(device: Device): readonly Point[] {
  const relay = relayOf(device)?.key;
  return device.points.filter((point) => point.access !== "r" && point.key !== relay && roleOf(point) === "control");
}

/** What is set once: first what has a sentence, in the order of SETTINGS, then the rest. */
export function settingsOf(device: Device): { known: readonly Point[]; other: readonly Point[] } {
  const all = device.points.filter((point) => point.access !== "r" && roleOf(point) === "setting");
  const place = (point: Point) => SETTINGS.indexOf(baseOf(point.key) ?? "");
  const known = all.filter((point) => place(point) >= 0).sort((one, other) => place(one) - place(other));
  return { known, other: all.filter((point) => place(point) < 0) };
}

/** The lists, for the test that each setting has its sentences. */
export const LISTED = { settings: SETTINGS, controls: CONTROLS, readings: READINGS } as const;

function rankOf(point: Point): number {
  const rank = READINGS.indexOf(baseOf(point.key) ?? "");
  return rank < 0 ? READINGS.length : rank;
}
