/**
 * The sentence about a device: what it is doing, since when and by whom, or why it does not. Pure.
 *
 *     On since 13:22, by the rule Evening. The device confirmed it.
 *     Not reachable since 13:41; it was on then.
 */
import { ageText, sinceText, timeText } from "../../text/format";
import type { Device, Value } from "../../data/shapes";
import { say, sayIfKnown } from "../../text/words";
import type { Switched } from "./switched";

/**
 * `value`: of the relay; undefined: none, or not known. `last`: when it was switched within a day; `isOld`: what it was
 * a day ago is known. `reportedAt`: the time of its newest reading.
 */
export type Known = {
  value: Value | undefined;
  last: Switched | undefined;
  isOld: boolean;
  reportedAt: number | undefined;
};

const FRESH_S = 10; // for which a reading is of now

export function leadOf(device: Device, known: Known, now: number, zone: string): string {
  const since = device.since ? sinceText(Date.parse(device.since) / 1000, now, zone) : "";
  if (device.state === "asleep")
    return say("lead.asleep", { time: timeText(known.reportedAt ?? Date.parse(device.since ?? "") / 1000, now, zone) });
  if (device.state === "connecting") return say("lead.connecting");
  if (device.state === "waiting") return say("lead.waiting", { since });
  if (device.state === "faulted") return say("lead.faulted", { since });
  if (device.state !== "online")
    return typeof known.value === "boolean"
      ? say(known.value ? "lead.gone_on" : "lead.gone_off", { since })
      : say("lead.gone", { since });
  if (typeof known.value === "boolean") return switchedText(known.value, known, now, zone);
  return reportText(known.reportedAt, now);
}

/** `by the rule Evening`, `from a page`: who asked for it. "": no one asked this hub. */
export function whoText(origin: string | undefined): string {
  if (origin === undefined) return "";
  const [, kind, name] = /^(rule|schedule):? ?(.*)$/.exec(origin) ?? [];
  if (kind && name) return say(kind === "rule" ? "lead.by_rule" : "lead.by_schedule", { name });
  return sayIfKnown(`lead.by_${origin}`, origin ? say("lead.by", { who: origin }) : "");
}

function switchedText(isOn: boolean, { last, isOld }: Known, now: number, zone: string): string {
  if (!last && isOld) return say(isOn ? "lead.on_long" : "lead.off_long");
  if (last?.isOn !== isOn) return say(isOn ? "lead.on" : "lead.off");
  const time = sinceText(last.at, now, zone);
  const who = whoText(last.origin);
  if (last.origin === undefined) return say(isOn ? "lead.on_itself" : "lead.off_itself", { time });
  return who
    ? say(isOn ? "lead.on_by" : "lead.off_by", { time, who })
    : say(isOn ? "lead.on_since" : "lead.off_since", { time });
}

function reportText(reportedAt: number | undefined, now: number): string {
  if (reportedAt === undefined) return say("lead.silent");
  return now - reportedAt <= FRESH_S ? say("lead.live") : say("lead.reported", { age: ageText(now - reportedAt) });
}
