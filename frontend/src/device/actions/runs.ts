/**
 * Running actions and their outcomes. They continue while other pages are shown.
 *
 *     POST /api/devices/ID/do ──► {"progress": 3, "of": 10, "text": "…"} … {"outcome": "confirmed", …}
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { cached } from "../../data/cached";
import { postForLines, HubError } from "../../data/http";
import type { Outcome } from "../../data/shapes";
import { say } from "../../text/words";

export type Run = {
  state: "running" | "done" | "failed";
  done: number;
  /** 0: unknown. */
  total: number;
  /** Messages so far, oldest first. */
  lines: readonly string[];
  /** The outcome as text; "" while it is running. */
  text: string;
};

export type RunLine = { progress: number; of: number; text: string } | { outcome: Outcome["outcome"]; reason: string };

const MAX_LINES = 50; // of one run
const MAX_STEPS = 20; // up to which all steps are listed
const BEGIN: Run = { state: "running", done: 0, total: 0, lines: [], text: "" };

const runs = new Map<string, Signal<Run | undefined>>();

/** The last run of an action. */
export function runOf(device: string, action: string): ReadonlySignal<Run | undefined> {
  return slot(device, action);
}

/** Run an action; resolves when the outcome is known. Never throws. `confirmed`: for dangerous actions. */
export async function run(
  device: string,
  action: string,
  args: Readonly<Record<string, string>>,
  confirmed: boolean,
): Promise<void> {
  const place = slot(device, action);
  place.value = BEGIN;
  try {
    const path = `/api/devices/${encodeURIComponent(device)}/do`;
    const lines = postForLines<RunLine>(path, { action, args, confirmed, origin: "web" });
    for await (const line of lines) place.value = withLine(place.peek() ?? BEGIN, line);
    if (place.peek()?.state === "running")
      place.value = failed(place.peek() ?? BEGIN, say("device.action_interrupted"));
  } catch (error) {
    const refused = error instanceof HubError && error.message;
    place.value = failed(place.peek() ?? BEGIN, refused || say("device.action_interrupted"));
  }
}

/** The run after one more line. */
export function withLine(run: Run, line: RunLine): Run {
  if ("outcome" in line) {
    const good = line.outcome === "confirmed" || line.outcome === "held";
    const done = line.outcome === "confirmed" && line.reason;
    const text = done ? say("device.done", { reason: line.reason }) : line.reason || say(`app.${line.outcome}`);
    return { ...run, state: good ? "done" : "failed", text };
  }
  const lines =
    line.text && line.text !== run.lines[run.lines.length - 1]
      ? [...run.lines, line.text].slice(-MAX_LINES)
      : run.lines;
  return { ...run, done: line.progress, total: line.of, lines };
}

/** The messages to show: all of a short run; the newest of a long one, next to its progress bar. */
export function shownLines({ lines, total, state }: Run): readonly string[] {
  if (total <= MAX_STEPS) return lines;
  return state === "running" ? lines.slice(-1) : [];
}

function failed(run: Run, text: string): Run {
  return { ...run, state: "failed", text };
}

function slot(device: string, action: string): Signal<Run | undefined> {
  return cached(runs, `${device}\n${action}`, () => signal<Run | undefined>(undefined));
}
