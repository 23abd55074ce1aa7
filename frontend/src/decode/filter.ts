/** Which of the frames are shown. Pure. */
import type { DecodedFrame } from "../data/shapes";

/** `side`: "" = both. `name`: of the command, "" = all. */
export type Filter = { words: string; side: "" | "controller" | "device"; odd: boolean; name: string };

export const NO_FILTER: Filter = { words: "", side: "", odd: false, name: "" };

/** Whether something is irregular about it, or it is no frame. */
export function isOdd(frame: DecodedFrame): boolean {
  return frame.kind !== "frame" || frame.odd.length > 0;
}

/** What a frame is called: its command, or why it is no frame. */
export function nameOf(frame: DecodedFrame): string {
  if (frame.kind !== "frame") return frame.kind;
  if (frame.name) return frame.name;
  return typeof frame.command === "number" ? frame.command.toString(16).padStart(2, "0") : (frame.command ?? "");
}

/**
 * The frames that pass the filter. Words must all be in the texts of a frame; bytes are found with and without blanks.
 */
export function filtered(frames: readonly DecodedFrame[], filter: Filter): DecodedFrame[] {
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
  const bytes = /^[0-9a-f\s]+$/i.test(filter.words) ? words.join("") : "";
  return frames.filter(
    (frame) =>
      (!filter.side || frame.sender === filter.side) &&
      (!filter.odd || isOdd(frame)) &&
      (!filter.name || nameOf(frame) === filter.name) &&
      (!words.length || hasWords(frame, words) || (bytes.length > 1 && hasBytes(frame.hex, bytes))),
  );
}

/** The names of the frames with how many there are, in the order of the alphabet. */
export function namesOf(frames: readonly DecodedFrame[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const frame of frames) counts.set(nameOf(frame), (counts.get(nameOf(frame)) ?? 0) + 1);
  return [...counts].sort(([one], [other]) => one.localeCompare(other));
}

/** The request that a frame answers, and the answer to it, by index. */
export function linked(frames: readonly DecodedFrame[], selected: DecodedFrame | undefined): Set<number> {
  const found = new Set<number>();
  if (!selected) return found;
  for (const one of frames) if (isAnswer(one, selected) || isAnswer(selected, one)) found.add(one.index);
  return found;
}

function isAnswer(one: DecodedFrame, request: DecodedFrame): boolean {
  return (
    one.answers !== null &&
    one.answers === request.offset &&
    one.sender !== request.sender &&
    request.kind === "frame" &&
    one.family === request.family
  );
}

function hasWords(frame: DecodedFrame, words: readonly string[]): boolean {
  const text = [nameOf(frame), frame.text, frame.reason, frame.part, frame.kind, ...frame.odd].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

function hasBytes(hex: string, bytes: string): boolean {
  for (let at = hex.indexOf(bytes); at >= 0; at = hex.indexOf(bytes, at + 1)) if (at % 2 === 0) return true;
  return false;
}
