/** Recorded lines of a link: filtering, keys for rendering, and copying. Pure. */
import type { WireLine } from "../../../data/shapes";
import { say } from "../../../text/words";

export type Shown = { key: string; line: WireLine };

/** The arrow for the direction; it can be used in the filter. */
export function arrowOf(line: Pick<WireLine, "sender">): "→" | "←" {
  return line.sender === "controller" ? "→" : "←";
}

/** `hub → device`, for screen readers. */
export function directionText(line: Pick<WireLine, "sender">): string {
  return say(line.sender === "controller" ? "device.to_device" : "device.to_hub");
}

/** Whether it is noise or a frame with a remark. */
export function hasProblem(line: WireLine): boolean {
  return line.kind === "noise" || line.reason !== "";
}

/**
 * The lines that contain every word of `filter`, newest first; `problemsOnly`: only those with problems. Bytes are
 * found with and without blanks (`55 aa`, `55aa`).
 */
export function filteredLines(lines: readonly WireLine[], filter: string, problemsOnly = false): Shown[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const bytes = /^[0-9a-f\s]+$/i.test(filter) ? words.join("") : "";
  const fits = (line: WireLine) => {
    const text = haystack(line);
    return words.every((word) => text.includes(word)) || (bytes.length > 1 && holdsBytes(line.hex, bytes));
  };
  return keyed(lines)
    .filter(({ line }) => (!problemsOnly || hasProblem(line)) && (!words.length || fits(line)))
    .reverse();
}

/** Bytes separated by blanks: `55 aa 03 00`. */
export function hexText(hex: string): string {
  return hex.replace(/(..)(?=.)/g, "$1 ");
}

/** The text to copy: the lines in chronological order, as in the API. */
export function asJson(shown: readonly Shown[]): string {
  const inTime = [...shown].reverse().map(({ line }) => line);
  return JSON.stringify(inTime, null, 2);
}

/** The parts of a line, where they came with it again; undefined = it is not among these. */
export function partsOf(lines: readonly WireLine[], line: WireLine): WireLine["parts"] | undefined {
  return lines.find((one) => one.hex === line.hex && plainOf(one) === plainOf(line))?.parts;
}

/** Keys that stay the same when a line is fetched again, so that opened lines stay open. */
function keyed(lines: readonly WireLine[]): Shown[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const plain = plainOf(line);
    const nth = seen.get(plain) ?? 0;
    seen.set(plain, nth + 1);
    return { key: `${plain}|${nth}`, line };
  });
}

function plainOf(line: WireLine): string {
  return [line.at, line.channel, line.way, line.sender, line.kind, line.name, line.hex].join("|");
}

function haystack(line: WireLine): string {
  return [line.name, line.words, line.reason, line.channel, line.way, line.kind, arrowOf(line)]
    .join("\n")
    .toLowerCase();
}

function holdsBytes(hex: string, bytes: string): boolean {
  for (let at = hex.indexOf(bytes); at >= 0; at = hex.indexOf(bytes, at + 1)) if (at % 2 === 0) return true;
  return false;
}
