/**
 * When a device was switched last, from the history of its relay, and by whom, from the hub's log of commands. Pure.
 *
 *     GET /api/history?series=kettle.on ──► changes ──┐
 *     GET /api/events?device=kettle ──► commands ─────┴──► on since 13:22, from a page
 */
import type { HubEvent, Series } from "../../data/shapes";

/** `at`: Unix seconds. `origin`: of the command that switched; undefined: it was no command of this hub. */
export type Switched = { at: number; isOn: boolean; origin: string | undefined };

const TOLERANCE_S = 90; // between a command and the row of the history that has its value: rows of a day are a minute apart

/** Each change of an on/off value, oldest first. What is not known before the first row is no change. */
export function changesOf({ at, value }: Pick<Series, "at" | "value">): { at: number; isOn: boolean }[] {
  const changes: { at: number; isOn: boolean }[] = [];
  let last: unknown;
  at.forEach((time, index) => {
    const now = value[index];
    if (typeof now !== "boolean") return;
    if (typeof last === "boolean" && now !== last) changes.push({ at: time, isOn: now });
    last = now;
  });
  return changes;
}

/** The changes, each with the origin of the command that made it; their times are then those of the commands. */
export function withOrigins(changes: readonly { at: number; isOn: boolean }[], commands: readonly HubEvent[], point: string): Switched[] {
  const known = commands.flatMap((event) => {
    const { key, value, origin, isDone } = commandIn(event);
    return key === point && isDone ? [{ at: Date.parse(event.at) / 1000, isOn: value === "true", origin, isTaken: false }] : [];
  });
  return changes.map((change) => {
    const fitting = known.filter((one) => !one.isTaken && one.isOn === change.isOn && Math.abs(one.at - change.at) <= TOLERANCE_S);
    const nearest = fitting.sort((one, other) => Math.abs(one.at - change.at) - Math.abs(other.at - change.at))[0];
    if (nearest) nearest.isTaken = true;
    return { at: nearest?.at ?? change.at, isOn: change.isOn, origin: nearest?.origin };
  });
}

export type LoggedCommand = { key: string; value: string; origin: string; result: string; isDone: boolean };

/** `on = true` by `web`, confirmed: what the event of a command says. */
export function commandIn(event: HubEvent): LoggedCommand {
  const { what = "", origin = "", result = "" } = event.data as { what?: string; origin?: string; result?: string };
  const [key = "", value = ""] = event.kind === "command" ? what.split(" = ") : [];
  return { key, value, origin, result, isDone: result === "confirmed" };
}
