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

const SETTLE_S = 5; // between a value and the hub's note of the command that set it

/** The values in a history whose rows are `step` seconds long (0: each is of its own time). */
export function seenIn({ at, value }: Pick<Series, "at" | "value">, step: number): Seen[] {
  return at.flatMap((time, index) => {
    const isOn = value[index];
    return typeof isOn === "boolean" ? [{ at: time, isOn, within: step }] : [];
  });
}

/**
 * When the relay was switched, oldest first. A command that changed nothing is no switching; nor is the first value.
 */
export function switchesOf(seen: readonly Seen[], events: readonly HubEvent[], point: string): Switched[] {
  const commands = events.flatMap((event): Switched[] => {
    const { key, value, origin, isDone } = commandIn(event);
    return key === point && isDone ? [{ at: Date.parse(event.at) / 1000, isOn: value === "true", origin }] : [];
  });
  const left = new Set(commands);
  const changes = changesIn(seen).map(({ at, isOn, within }): Switched & { isChange: boolean } => {
    const mine = [...left].find(
      (one) => one.isOn === isOn && one.at >= at - SETTLE_S && one.at <= at + within + SETTLE_S,
    );
    if (mine) left.delete(mine);
    return { ...(mine ?? { at, isOn, origin: undefined }), isChange: true };
  });
  const others = [...left].map((one) => ({ ...one, isChange: false }));
  let state = seen[0]?.isOn;
  return [...changes, ...others]
    .sort((one, other) => one.at - other.at)
    .flatMap(({ at, isOn, origin, isChange }) => {
      const isNews = isChange || isOn !== state; // on and off again within one row of the history
      state = isOn;
      return isNews ? [{ at, isOn, origin }] : [];
    });
}

function changesIn(seen: readonly Seen[]): Seen[] {
  const ordered = [...seen].sort((one, other) => one.at - other.at);
  return ordered.filter((one, index) => index > 0 && one.isOn !== ordered[index - 1]?.isOn);
}

export type LoggedCommand = { key: string; value: string; origin: string; result: string; isDone: boolean };

/** `on = true` by `web`, confirmed: what the event of a command says. */
export function commandIn(event: HubEvent): LoggedCommand {
  const { what = "", origin = "", result = "" } = event.data as { what?: string; origin?: string; result?: string };
  const [key = "", value = ""] = event.kind === "command" ? what.split(" = ") : [];
  return { key, value, origin, result, isDone: result === "confirmed" };
}
