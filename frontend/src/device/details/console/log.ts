/**
 * The lines that a board prints by itself, from the recent frames of its device. Pure.
 *
 *     [T: 153 M: mrs_http C: info F: mrs_http_handle_event L: 33]: httpd status = 1   ──►  info, mrs_http, the text
 *     Last reset reason:HAL_WDT_SOFTWARE_RESET                                         ──►  system, the text
 *
 * Bytes that are secret arrive as dots.
 */
import type { WireLine } from "../../../data/shapes";

export type Level = "error" | "warning" | "info" | "";
export type LogLine = { key: string; at: string; level: Level; source: string; text: string };
export type LogFilter = { text: string; least: "all" | "warning" | "error" };

export const MOST_LINES = 500; // that the page keeps
const PRINTERS = new Set(["log", "boot rom", "boot loader", "system", "driver"]);
const TEXT = "text"; // of no known form, and not behind a command
const LOG = /\[T: ?(\d*) M: ([^[\]]*?) C: (\w+) F: ([^[\]]*?) L: (\d+)\]: ?(.*)/;
const CUT = /\[T: ?\d* M: ([\w ]{1,40}?) C: (\w+)(?: F: )?(.*)/; // another task interrupted it
const LEVELS: readonly Level[] = ["error", "warning", "info"];
const HIDDEN = "•";

/**
 * The lines of some frames, oldest first. Answers of commands are left out; so is text of no known form before the
 * first command or prompt, which may be the rest of an answer.
 */
export function logLines(frames: readonly WireLine[]): LogLine[] {
  const own = frames.filter((frame) => frame.sender === "device" && frame.kind === "frame");
  const begin = own.findIndex((frame) => frame.name === "command" || frame.name === "prompt");
  return own.flatMap((frame, at) => {
    const isShown = PRINTERS.has(frame.name) || (frame.name === TEXT && begin >= 0 && at > begin);
    const lines = textOf(frame.hex)
      .split(/[\r\n]+/)
      .map((text) => lineOf(text, frame.name, isShown));
    return lines.flatMap((line, index) =>
      line ? [{ ...line, at: frame.at, key: `${frame.at}|${frame.hex}|${index}` }] : [],
    );
  });
}

/** What is known by now: the newest frames replace those of the same time. Bounded. */
export function merged(known: readonly LogLine[], fresh: readonly LogLine[]): readonly LogLine[] {
  const begin = fresh[0]?.at;
  if (begin === undefined) return known;
  const before = known.filter((line) => line.at < begin);
  return [...before, ...withNumbers(fresh)].slice(-MOST_LINES);
}

/** Those that pass the filter, newest first. */
export function filtered(lines: readonly LogLine[], filter: LogFilter): LogLine[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return lines
    .filter((line) => isAtLeast(line.level, filter.least) && words.every((word) => haystack(line).includes(word)))
    .reverse();
}

/** Bytes as text; two dots for one that is hidden. */
export function textOf(hex: string): string {
  const bytes: number[] = [];
  for (let at = 0; at + 1 < hex.length; at += 2) {
    const pair = hex.slice(at, at + 2);
    bytes.push(...(pair === ".." ? MASK : [Number.parseInt(pair, 16)]));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

const MASK = new TextEncoder().encode(HIDDEN);

// --- inside ---

function lineOf(text: string, name: string, isShown: boolean): Omit<LogLine, "at" | "key"> | undefined {
  const whole = LOG.exec(text);
  if (whole) return { level: levelOf(whole[3]), source: whole[2] ?? "", text: whole[6] ?? "" };
  const cut = CUT.exec(text);
  if (cut) return { level: levelOf(cut[2]), source: cut[1] ?? "", text: cut[3] ?? "" };
  const plain = text
    .replace(/^(?:\$ ?)+/, "")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it takes them out
    .replace(/[\x00-\x1f\x7f]/g, " ")
    .trim();
  return plain && isShown ? { level: "", source: name === TEXT || name === "log" ? "" : name, text: plain } : undefined;
}

/** A level that was cut is what it can only mean: `erro`. */
function levelOf(text = ""): Level {
  return LEVELS.find((level) => level.startsWith(text)) ?? "";
}

/** The same frame may be there twice. */
function withNumbers(lines: readonly LogLine[]): LogLine[] {
  const seen = new Map<string, number>();
  return lines.map((line) => {
    const nth = seen.get(line.key) ?? 0;
    seen.set(line.key, nth + 1);
    return nth ? { ...line, key: `${line.key}|${nth}` } : line;
  });
}

function isAtLeast(level: Level, least: LogFilter["least"]): boolean {
  return least === "all" || level === "error" || (least === "warning" && level === "warning");
}

function haystack(line: LogLine): string {
  return `${line.source} ${line.level} ${line.text}`.toLowerCase();
}
