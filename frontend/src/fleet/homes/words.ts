/** What is said of the state of a home. Pure. */
import { ageText, countText as numberText } from "../../text/format";
import { say, sayIfKnown } from "../../text/words";
import type { HomeRow, HomeState } from "../shapes";

type Stated = Pick<HomeRow, "state" | "alerts" | "devices_offline" | "behind" | "seen">;

/** `3 devices do not answer`, `No contact for 26 min; 5 windows wait at the hub`. `now`: Unix seconds. */
export function stateText(row: Stated, now: number): string {
  if (row.state === "attention") return attentionText(row);
  if (row.state === "offline")
    return join(silentText(row, now), row.behind > 0 ? countText("fleet.waiting_window", row.behind) : "");
  if (row.state === "behind") return countText("fleet.left_window", row.behind);
  return say(`fleet.is_${row.state}`);
}

function silentText({ seen }: Stated, now: number): string {
  return seen
    ? say("fleet.silent_for", { age: ageText(Math.max(0, now - Date.parse(seen) / 1000)) })
    : say("fleet.is_new");
}

/** The first alert in words, and how many more there are. */
function attentionText({ alerts, devices_offline }: Stated): string {
  const offline = devices_offline > 0 ? [countText("fleet.silent_device", devices_offline)] : [];
  const kinds = alerts.filter((one) => one !== "offline" || !offline.length);
  const all = [
    ...kinds.filter(isGrave).map(alertText),
    ...offline,
    ...kinds.filter((one) => !isGrave(one)).map(alertText),
  ];
  const [first = say("fleet.state_attention"), ...more] = all;
  return more.length ? join(first, say("alert.more", { count: more.length })) : first;
}

const GRAVE = new Set(["alarm", "fault", "disk"]);

function isGrave(kind: string): boolean {
  return GRAVE.has(kind);
}

export function alertText(kind: string): string {
  return sayIfKnown(`fleet.alert_${kind}`, kind);
}

/** The short name of a state, for filters. */
export function stateName(state: HomeState): string {
  return say(`fleet.state_${state}`);
}

type Counted = "fleet.waiting_window" | "fleet.left_window" | "fleet.silent_device" | "fleet.count_home";

/** A text for one, or the one for several. */
export function countText(id: Counted, count: number): string {
  return say(count === 1 ? id : `${id}s`, { count: numberText(count) });
}

function join(one: string, other: string): string {
  return other ? `${one}; ${other}` : one;
}
