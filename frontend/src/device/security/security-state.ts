/** The states of an alarm system, as text, and what can be done in each. */
import { merged } from "../../settings/log";
import type { HubEvent } from "../../data/shapes";
import { say, sayIfKnown } from "../../text/words";
import { countdownText } from "../gateway/gateway-facts";

/** The actions of an alarm system; its section shows them, not the list of actions. */
export const SECURITY_ACTIONS: readonly string[] = ["arm", "disarm", "cancel_alarm", "set_code"];

export type SecurityState = "disarmed" | "arming" | "home" | "away" | "alarm delay" | "alarm";

const TIMED: readonly string[] = ["arming", "alarm delay"];
const ALARMS: readonly string[] = ["alarm delay", "alarm"];

/** What to do with a state: arm, disarm (which takes a code), end an alarm. */
export type SecurityChoices = { arm: boolean; disarm: boolean; cancel: boolean };

export function choicesIn(state: string): SecurityChoices {
  return { arm: state === "disarmed", disarm: state !== "disarmed", cancel: isAlarm(state) };
}

/** Whether there is an alarm, or will be one soon. */
export function isAlarm(state: string): boolean {
  return ALARMS.includes(state);
}

/** Whether it changes by itself when its time is over. */
export function isTimed(state: string): boolean {
  return TIMED.includes(state);
}

/** `Armed: at home`. */
export function stateWord(state: string): string {
  return sayIfKnown(`security.${state.replace(" ", "_")}`, state);
}

/** `Armed in 0:23`; "" for a state that lasts. */
export function leftText(state: string, seconds: number): string {
  if (!isTimed(state)) return "";
  return say(state === "arming" ? "security.left_arming" : "security.left_alarm_delay", {
    left: countdownText(seconds),
  });
}

/** The arguments of an action that takes a code: without one, none. */
export function withCode(code: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return code.trim() ? { ...more, code: code.trim() } : { ...more };
}

const SHOWN_EVENTS = 5;

/** The newest events of the alarm system of a device, newest first: those that are stored, and those of this page. */
export function lastEvents(
  device: string,
  stored: readonly HubEvent[],
  live: readonly HubEvent[],
): readonly HubEvent[] {
  const own = [stored, live].map((events) => events.filter((one) => one.device === device && one.kind === "security"));
  return merged(own, SHOWN_EVENTS);
}
