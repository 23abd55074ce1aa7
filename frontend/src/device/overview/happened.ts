/**
 * What happened with a device, as sentences, newest first. Pure.
 *
 *     command on = true by web: confirmed   ──► Switched on, from a page
 *     offline 08:12 … online 08:16          ──► Did not answer for 4 min
 *     the relay changed, no command did it  ──► Switched off at the device
 */
import { keyOf } from "../../settings/log";
import type { Device, HubEvent } from "../../data/shapes";
import { nameOf } from "../../devices/points";
import { say, sayIfKnown } from "../../text/words";
import { durationText, meaningOf, titleOf } from "../../devices/names";
import { whoText } from "./lead";
import { commandIn, type Switched } from "./switched";
import { capitalised } from "../../text/printable";

/** `at`: Unix seconds. `why`: more about it, as the hub wrote it; "" = nothing. */
export type Happening = { key: string; at: number; text: string; why: string; isProblem: boolean };

const LEAST_S = 30; // of a silence: shorter ones are those of a restart

/** `switches`: of the relay; those that were commands are in `events` too, and are left out here. */
export function happenings(device: Device, events: readonly HubEvent[], switches: readonly Switched[]): Happening[] {
  const ordered = [...events].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  const own = switches
    .filter((one) => one.origin === undefined)
    .map((one): Happening => {
      const text = say(one.isOn ? "happened.on_itself" : "happened.off_itself");
      return { key: `${one.at} ${text}`, at: one.at, text, why: "", isProblem: false };
    });
  const found = ordered.flatMap((event, index) => happeningOf(device, event, ordered.slice(index + 1)) ?? []);
  return [...found, ...own].sort((one, other) => other.at - one.at);
}

function happeningOf(device: Device, event: HubEvent, later: readonly HubEvent[]): Happening | undefined {
  const at = Date.parse(event.at) / 1000;
  const one = { key: keyOf(event), at, why: "", isProblem: false };
  if (event.kind === "state") return stateHappening(one, event, later);
  if (event.kind !== "command" && event.kind !== "action")
    return { ...one, text: withoutName(event.words, nameOf(device)) };
  const { result, isDone } = commandIn(event);
  const text = event.kind === "command" ? commandText(device, event) : actionText(device, event);
  return { ...one, text, why: isDone ? "" : reasonIn(event.words), isProblem: !isDone && result !== "held" };
}

/** `It is too hot.` of `Kettle: it is too hot.`: the page names the device above. */
function withoutName(words: string, name: string): string {
  const rest = words.startsWith(`${name}: `) ? words.slice(name.length + 2) : words;
  return capitalised(rest);
}

/** A silence with its length, once it is over. A device that answers after the hub was started is no news. */
function stateHappening(
  one: Omit<Happening, "text">,
  event: HubEvent,
  later: readonly HubEvent[],
): Happening | undefined {
  const { state = "", reason = "" } = event.data as { state?: string; reason?: string };
  if (state !== "offline" && state !== "faulted") return undefined;
  const next = later.find((other) => other.kind === "state" && (other.data as { state?: string }).state === "online");
  const length = next ? (Date.parse(next.at) - Date.parse(event.at)) / 1000 : undefined;
  if (length !== undefined && length < LEAST_S) return undefined;
  const text =
    length === undefined ? say("happened.silent") : say("happened.was_silent", { span: durationText(length, "s") });
  return { ...one, text, why: reason, isProblem: length === undefined };
}

function commandText(device: Device, event: HubEvent): string {
  const { key, value, origin, result } = commandIn(event);
  const point = device.points.find((one) => one.key === key);
  const who = whoText(origin);
  const isRelay = key === "on" || key === device.main;
  const done =
    isRelay && (value === "true" || value === "false")
      ? say(value === "true" ? "happened.on" : "happened.off")
      : undefined;
  const meaning = point ? meaningOf(valueIn(value), point) : value;
  const what = done ?? say("happened.set", { point: point ? titleOf(point) : key, value: meaning });
  if (result === "confirmed") return who ? say("happened.by", { what, who }) : what;
  return say(result === "held" ? "happened.held" : "happened.not_done", {
    what,
    result: sayIfKnown(`happened.result_${result}`, result),
  });
}

function actionText(device: Device, event: HubEvent): string {
  const { what = "", origin = "", result = "" } = event.data as { what?: string; origin?: string; result?: string };
  const name = device.actions.find((action) => action.name === what.split(" ")[0])?.words || what;
  const title = capitalised(name);
  if (result !== "confirmed")
    return say("happened.not_done", { what: title, result: sayIfKnown(`happened.result_${result}`, result) });
  return whoText(origin) ? say("happened.by", { what: title, who: whoText(origin) }) : title;
}

/** The value in the words of a command: `true`, `21.5`, `last`. */
function valueIn(text: string): boolean | number | string {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** What stands in the brackets at the end of the words of a command. */
function reasonIn(words: string): string {
  return /: \w+ \((.+)\)$/.exec(words)?.[1] ?? "";
}
