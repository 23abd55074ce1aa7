/** Who gave an answer, in words, and what a home lets out. Pure. */
import { ageText, timeText } from "../../text/format";
import { bytesText } from "../../settings/text";
import { say, sayIfKnown } from "../../text/words";
import type { FleetHome, Source } from "../shapes";
import { finest } from "./catalogue";

/** `From the copy of the fleet, which ends at 12:45, 18 min ago.` `last`: Unix seconds of the newest value. */
export function sourceText(
  { source }: Pick<Source, "source">,
  last: number | undefined,
  now: number,
  zone: string,
): string {
  if (source === "hub") return say("fleet.from_home", { time: timeText(now, now, zone) });
  if (last === undefined) return say("fleet.from_copy");
  return say("fleet.from_copy_until", { time: timeText(last, now, zone), age: ageText(Math.max(0, now - last)) });
}

/** `This home sends values of each quarter of an hour. The hub can be asked for finer values.` */
export function letOutText({ row, let_out, hello }: Pick<FleetHome, "row" | "let_out" | "hello">): string {
  if (hello === null) return say("fleet.says_nothing_yet");
  const level = finest(row);
  const finer = level === "raw" ? "" : say(let_out.questions ? "fleet.ask_finer" : "fleet.no_questions");
  const control = let_out.control ? "" : say("fleet.no_control");
  return [say(`fleet.sends_${level}`), finer, control].filter(Boolean).join(" ");
}

/** `Quarter hours`; a level of a newer hub as it is called there. */
export function levelText(level: string): string {
  return sayIfKnown(`fleet.level_${level}`, level);
}

/** `Last content: quarter hours from 15:00, 397 B.` */
export function lastWindowText({ newest, timezone }: Pick<FleetHome, "newest" | "timezone">, now: number): string {
  if (!newest) return "";
  return say("fleet.last_window", {
    level: levelText(newest.level),
    time: timeText(Date.parse(newest.start) / 1000, now, timezone),
    size: bytesText(newest.bytes),
  });
}

type Rows = { series: readonly { at: readonly number[]; value: readonly unknown[] }[]; step: number };

/** Where an answer ends, Unix seconds: a row is of the step that begins at its time; one without a value marks a gap. */
export function endOf({ series, step }: Rows, now: number): number | undefined {
  const last = Math.max(...series.map(({ at, value }) => at[value.findLastIndex((one) => one !== null)] ?? -Infinity));
  return Number.isFinite(last) ? Math.min(last + step, now) : undefined;
}
