/** Lines of a wire: which of them are wanted, what tells one from another, and how they are copied. Pure. */
import type { WireLine } from "../shapes";
import { say } from "../words";

export type Shown = { key: string; line: WireLine };

/** As it is drawn, and as it may be filtered for. */
export function arrowOf(line: Pick<WireLine, "sender">): "→" | "←" {
  return line.sender === "controller" ? "→" : "←";
}

/** `hub → device`: for those who cannot see the arrow. */
export function directionText(line: Pick<WireLine, "sender">): string {
  return say(line.sender === "controller" ? "device.to_device" : "device.to_hub");
}

/** Whether something is wrong with it: noise, or a frame with a remark. */
export function hasProblem(line: WireLine): boolean {
  return line.kind === "noise" || line.reason !== "";
}

/**
 * The lines that have every word of `filter` somewhere, newest first; `odd`: only those that something is wrong
 * with. Hex is found with and without blanks (`55 aa`, `55aa`).
 */
export function wantedLines(lines: readonly WireLine[], filter: string, odd = false): Shown[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const bytes = /^[0-9a-f\s]+$/i.test(filter) ? words.join("") : "";
  const fits = (line: WireLine) => {
    const text = haystack(line);
    return words.every((word) => text.includes(word)) || (bytes.length > 1 && holdsBytes(line.hex, bytes));
  };
  return keyed(lines)
    .filter(({ line }) => (!odd || hasProblem(line)) && (!words.length || fits(line)))
    .reverse();
}

/** Bytes as people read them: `55 aa 03 00`. */
export function hexText(hex: string): string {
  return hex.replace(/(..)(?=.)/g, "$1 ");
}

/** What is copied: the lines in the order of time, as the API gives them. */
export function asJson(shown: readonly Shown[]): string {
  const inTime = [...shown].reverse().map(({ line }) => line);
  return JSON.stringify(inTime, null, 2);
}

/** A line is the same one when it is fetched again, so that what was opened stays open. */
function keyed(lines: readonly WireLine[]): Shown[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const plain = [line.at, line.channel, line.way, line.sender, line.kind, line.name, line.hex].join("|");
    const nth = seen.get(plain) ?? 0;
    seen.set(plain, nth + 1);
    return { key: `${plain}|${nth}`, line };
  });
}

function haystack(line: WireLine): string {
  return [line.name, line.words, line.reason, line.channel, line.way, line.kind, arrowOf(line)].join("\n").toLowerCase();
}

function holdsBytes(hex: string, bytes: string): boolean {
  for (let at = hex.indexOf(bytes); at >= 0; at = hex.indexOf(bytes, at + 1)) if (at % 2 === 0) return true;
  return false;
}
