/** A command to many homes, as it is written down before it is sent. Pure. */
import type { Filter, SentCommands } from "../shapes";

/** `what`: on and off are sent to the point that a device is switched with, `other` sets any point. */
export type Draft = Readonly<{
  device: string;
  what: "on" | "off" | "other";
  point: string;
  value: string;
  until_s: number;
}>;

export const NO_DRAFT: Draft = { device: "", what: "off", point: "", value: "", until_s: 600 };

/** The value as the device takes it: `on`, `21.5`, `heat`. */
export function valueFrom({ what, value }: Draft): boolean | number | string {
  if (what !== "other") return what === "on";
  const text = value.trim();
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Whether it is complete. */
export function isComplete({ device, what, point, value }: Draft): boolean {
  return device.trim() !== "" && (what !== "other" || (point.trim() !== "" && value.trim() !== ""));
}

/** The body of the request, for some homes or for all that a filter finds. */
export function bodyOf(draft: Draft, where: { homes: readonly string[] } | { filter: Filter }, dry_run: boolean) {
  return {
    device: draft.device.trim(),
    point: draft.what === "other" ? draft.point.trim() : "",
    value: valueFrom(draft),
    until_s: draft.until_s,
    dry_run,
    ...where,
  };
}

/** The homes that would get it (ids), and what is known against it with the names, the most frequent reason first. */
export function sorted({ targets }: Pick<SentCommands, "targets">): {
  able: string[];
  problems: { reason: string; homes: string[] }[];
} {
  const problems = new Map<string, string[]>();
  for (const { problem, name, home } of targets)
    if (problem) problems.set(problem, [...(problems.get(problem) ?? []), name || home]);
  const rows = [...problems]
    .map(([reason, homes]) => ({ reason, homes }))
    .sort((one, other) => other.homes.length - one.homes.length);
  return { able: targets.filter(({ can }) => can).map(({ home }) => home), problems: rows };
}
