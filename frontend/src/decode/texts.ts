/** What is said of a decoded input, in sentences. Pure. */
import type { DecodeChoices, DecodedFrame, DecodeView } from "../data/shapes";
import { capital } from "../bytes/parts";
import { countText, decimalText } from "../text/format";
import { say } from "../text/words";

/** `7 frames`, `1 frame`, with separators: `12,408 frames`. */
export function counted(
  count: number,
  one: "decode.frame" | "decode.noise_byte" | "decode.remark" | "decode.cut_byte",
): string {
  return count === 1 ? say(one) : say(`${one}s`, { count: countText(count) });
}

/** `7 frames, no noise. 2 remarks.` */
export function summaryText({ counts, contents }: DecodeView): string {
  if (!counts.frames && contents.length) return say("decode.only_values");
  const noise = counts.noise_bytes ? counted(counts.noise_bytes, "decode.noise_byte") : say("decode.no_noise");
  const cut = counts.cut_bytes ? `, ${counted(counts.cut_bytes, "decode.cut_byte")}` : "";
  const remarks = Object.values(counts.remarks).reduce((sum, count) => sum + count, 0);
  const odd = remarks ? ` ${counted(remarks, "decode.remark")}.` : "";
  return `${counted(counts.frames, "decode.frame")}, ${noise}${cut}.${odd}`;
}

/** `Read as hex (7 of 7 lines): Tuya Wi-Fi. This is likely.` */
export function foundText(view: DecodeView, choices: DecodeChoices | undefined): string {
  const { title, lines, explained, sure } = view.format;
  const share = explained
    ? ` (${say("decode.lines", { explained: countText(explained), lines: countText(lines) })})`
    : "";
  const names = [view.family, ...view.others].filter(Boolean).map((name) => familyTitle(name, choices));
  const families = names.length ? `: ${names.join("; ")}` : "";
  const doubt = sure === "likely" || sure === "unsure" ? ` ${say(`decode.sure.${sure}`)}` : "";
  return `${say("decode.read_as", { what: `${title}${share}${families}` })}${doubt}`;
}

/** Notes for a person: what the reader should know, which lines are not understood. */
export function notesOf(view: DecodeView): string[] {
  const notes = view.format.notes.map((note) => `${capital(note)}.`);
  if (view.detected) notes.push(sentence(view.detected));
  const { unread, more_unread } = view.format;
  if (unread.length)
    notes.push(
      say(unread.length + more_unread === 1 ? "decode.unread_one" : "decode.unread", {
        lines: spansText(unread) + (more_unread ? ", …" : ""),
        count: unread.length + more_unread,
      }),
    );
  if (!view.counts.is_complete) notes.push(say("decode.incomplete", { count: countText(view.counts.pieces) }));
  if (!view.ordered && view.counts.senders.length > 1) notes.push(say("decode.unordered"));
  if (view.counts.rebuilt) notes.push(say("decode.rebuilt_count", { count: view.counts.rebuilt }));
  return notes;
}

/** `3, 5–9, 17` */
export function spansText(numbers: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const number of numbers) {
    const last = spans.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}

/** The names of the two sides: of the controller, and of the device. */
export function endsOf(family: string, choices: DecodeChoices | undefined): readonly [string, string] {
  return choices?.families.find((one) => one.name === family)?.ends ?? [say("decode.controller"), say("decode.device")];
}

export function familyTitle(name: string, choices: DecodeChoices | undefined): string {
  return choices?.families.find((one) => one.name === name)?.title ?? name;
}

/** Since the first frame: `0 ms`, `3 ms`, `1.2 s`, `3:05 min`; the place in its stream where no times are known. */
export function timeText(frame: DecodedFrame, from: number): string {
  return frame.t === null ? `@${frame.offset}` : spanText(frame.t - from);
}

/** `0 ms`, `999 ms`, `1.2 s`, `59.9 s`, `3:05 min`, `1:03:05 h` */
export function spanText(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  if (Math.abs(ms) < 1000) return `${ms} ms`;
  if (seconds < 59.95) return `${decimalText(seconds, 1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = `${String(whole % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest} h` : `${minutes}:${rest} min`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? capital(text) : `${capital(text)}.`;
}
