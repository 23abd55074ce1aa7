/** The parts of a frame as they are drawn: their bytes, colours and meanings. Pure. */
import type { FramePart, NamedValue } from "../data/shapes";
import { say } from "../text/words";

/** What is drawn: any frame or stretch of noise. `hex`: two dots for each byte that is secret. */
export type Drawable = { hex: string; length: number; parts: readonly FramePart[]; more_parts?: number };

/** One field of a frame: a part that consists of no others. `group`: the part that it belongs to, "" = none. */
export type Field = { part: FramePart; group: string };

export type Tint = "header" | "version" | "command" | "length" | "data" | "checksum" | "rest";

const TINTS: Readonly<Record<NonNullable<FramePart["kind"]>, Tint>> = {
  header: "header",
  version: "version",
  sequence: "version",
  command: "command",
  length: "length",
  data: "data",
  value: "data",
  json: "data",
  checksum: "checksum",
  rest: "rest",
};
export const LEGEND: readonly Tint[] = ["header", "version", "command", "length", "data", "checksum"];

/** The colour of a part: of one that consists of others, that of its data. */
export function tintOf(part: FramePart): Tint {
  return TINTS[part.kind ?? "data"];
}

/** The fields of a frame in their order. */
export function fieldsOf(parts: readonly FramePart[], group = ""): Field[] {
  return parts.flatMap((part) => (part.parts?.length ? fieldsOf(part.parts, part.label) : [{ part, group }]));
}

/** The bytes from `start` to before `end`, separated by blanks: `55 aa`. */
export function bytesText(hex: string, start: number, end: number): string {
  return hex.slice(2 * start, 2 * end).replace(/(..)(?=.)/g, "$1 ");
}

/** Whether a frame is text: its bytes are shown as letters. */
export function isText({ parts }: Drawable): boolean {
  return parts.length > 0 && parts.every((part) => part.type === "json" || part.type === "text");
}

const decoder = new TextDecoder();

/** The text that the bytes are; `··` for those that are secret. */
export function lettersOf(hex: string, start: number, end: number): string {
  return hex
    .slice(2 * start, 2 * end)
    .split(/((?:··)+)/)
    .map((some) =>
      some.startsWith("··")
        ? "··"
        : decoder.decode(Uint8Array.from(some.match(/../g) ?? [], (byte) => parseInt(byte, 16))),
    )
    .join("");
}

/** What a part means: its value, and the readings in it: `673: power_W 67.3 W`. */
export function meaningOf(part: FramePart): string {
  const readings = (part.points ?? []).map(readingText).filter(Boolean);
  return [part.text ?? "", readings.join(", ")].filter(Boolean).join(": ");
}

function readingText({ key, reading, unit }: NamedValue): string {
  if (!key) return "";
  return [key, reading === null || reading === undefined ? "" : String(reading), unit].filter(Boolean).join(" ");
}

/** The label of a field for people, in its group: `Data point 19, value`. */
export function labelOf({ part, group }: Field): string {
  if (part.type === "json") return part.label; // a key
  return group ? `${capital(group)}, ${part.label}` : capital(part.label);
}

/** The field in one sentence: `Data point 19, value: 673: power_W 67.3 W`. */
export function sentenceOf(field: Field): string {
  const meaning = [meaningOf(field.part), field.part.odd ? say("decode.odd", { text: field.part.odd }) : ""]
    .filter(Boolean)
    .join(" ");
  return meaning ? `${labelOf(field)}: ${meaning}` : labelOf(field);
}

/** A part as one line, also one that consists of others: `Data point 19: 673: power_W 67.3 W`. */
export function summaryOf(part: FramePart): string {
  if (!part.parts?.length) return sentenceOf({ part, group: "" });
  const meanings = fieldsOf(part.parts)
    .filter(({ part: one }) => one.kind === "value")
    .map(({ part: one }) => meaningOf(one));
  return `${capital(part.label)}: ${meanings.join(", ") || part.parts.map((one) => one.label).join(", ")}`;
}

/** The first parts that have at most `most` bytes together, the last one cut; and how many bytes are left out. */
export function firstBytes({ parts, length }: Drawable, most: number): { parts: readonly FramePart[]; left: number } {
  const shown = parts
    .filter((part) => part.start < most)
    .map((part) => (part.end <= most ? part : { ...part, end: most }));
  return { parts: shown, left: Math.max(length - (shown.at(-1)?.end ?? 0), 0) };
}

/** Where an arrow key leads; undefined for other keys. */
export function nextIndex(key: string, from: number, count: number): number | undefined {
  const at = Math.max(from, 0);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: count - 1 }[
    key
  ];
  return to === undefined || count === 0 ? undefined : Math.min(Math.max(to, 0), count - 1);
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
