/** What became of a command, in words. Pure. */
import { timeText } from "../../text/format";
import { say } from "../../text/words";
import type { FleetCommand } from "../shapes";

type Known = Pick<FleetCommand, "state" | "at" | "until" | "changed" | "reason">;

const OPEN = new Set<FleetCommand["state"]>(["waiting", "sent", "accepted"]);
const DONE = new Set<FleetCommand["state"]>(["confirmed", "held"]);

/** Whether its outcome is not known yet. */
export function isOpen({ state }: Pick<FleetCommand, "state">): boolean {
  return OPEN.has(state);
}

export function lookOf({ state }: Pick<FleetCommand, "state">): "open" | "done" | "bad" {
  return OPEN.has(state) ? "open" : DONE.has(state) ? "done" : "bad";
}

/** `Sent 12:03, no answer yet`, `Refused: its button is locked`. `now`: Unix seconds. */
export function fateText({ state, at, until, changed, reason }: Known, now: number, zone: string): string {
  const time = (text: string) => timeText(Date.parse(text) / 1000, now, zone);
  if (state === "refused" && reason) return say("fleet.fate_refused_why", { reason });
  return say(`fleet.fate_${state}`, { time: time(state === "sent" ? at : (changed ?? at)), until: time(until) });
}

/** The name of a state alone, for counts: `12 confirmed`. */
export function fateName(state: FleetCommand["state"]): string {
  return say(`fleet.state_of_${state}`);
}

/** `Pool pump: off`, `Heater, setpoint_C: 21`. */
export function commandText({ device, point, value }: Pick<FleetCommand, "device" | "point" | "value">): string {
  const text = typeof value === "boolean" ? say(value ? "app.on" : "app.off") : String(value);
  return `${device}${point && point !== "on" ? `, ${point}` : ""}: ${text}`;
}
