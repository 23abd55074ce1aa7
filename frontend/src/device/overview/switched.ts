/**
 * When a device was switched last, from the history of its relay, and by whom, from the hub's log of commands. Pure.
 *
 *     GET /api/history?series=kettle.on ──► values ───┐
 *     GET /api/events?device=kettle ──► commands ─────┴──► on since 13:22, from a page
 */
import type { HubEvent, Series } from "../../data/shapes";

/** `at`: Unix seconds. `origin`: of the command that switched; undefined: it was no command of this hub. */
export type Switched = { at: number; isOn: boolean; origin: string | undefined };

/** A value of the relay: at that time, or at the latest `within` seconds later. */
export type Seen = { at: number; isOn: boolean; within: number };

const SETTLE_S = 5; // in which the hub's log has a command whose value was seen already

/** The values in a history whose rows are `step` seconds long (0: each is of its own time). */
export function seenIn({ at, value }: Pick<Series, "at" | "value">, step: number): Seen[] {
  return at.flatMap((time, index) => {
    const isOn = value[index];
    return typeof isOn === "boolean" ? [{ at: time, isOn, within: step }] : [];
  });
}

/** When the relay was switched, oldest first. A command that changed nothing is no switching; nor is the first value. */
export function switchesOf(seen: readonly Seen[], events: readonly HubEvent[], point: string): Switched[] {
  const values = seen.map((one) => ({ ...one, order: one.at + Math.max(one.within, SETTLE_S), origin: undefined as string | undefined, isCommand: false }));
  const commands = events.flatMap((event) => {
    const { key, value, origin, isDone } = commandIn(event);
    const at = Date.parse(event.at) / 1000;
    return key === point && isDone ? [{ at, isOn: value === "true", within: 0, order: at, origin: origin as string | undefined, isCommand: true }] : [];
  });
  const found: Switched[] = [];
  let state: boolean | undefined;
  for (const { at, isOn, origin, isCommand } of [...values, ...commands].sort((one, other) => one.order - other.order)) {
    if (isOn !== state && (isCommand || state !== undefined)) found.push({ at, isOn, origin });
    state = isOn;
  }
  return found;
}

export type LoggedCommand = { key: string; value: string; origin: string; result: string; isDone: boolean };

/** `on = true` by `web`, confirmed: what the event of a command says. */
export function commandIn(event: HubEvent): LoggedCommand {
  const { what = "", origin = "", result = "" } = event.data as { what?: string; origin?: string; result?: string };
  const [key = "", value = ""] = event.kind === "command" ? what.split(" = ") : [];
  return { key, value, origin, result, isDone: result === "confirmed" };
}
