/**
 * Actions under way and what came of them. They go on while other pages are looked at.
 *
 *     POST /api/devices/ID/do ──► {"progress": 3, "of": 10, "text": "…"} … {"outcome": "confirmed", …}
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { postForLines, Refused } from "../http";
import type { Outcome } from "../shapes";
import { say } from "../words";

export type Run = {
  state: "running" | "done" | "failed";
  done: number;
  /** 0: nobody knows how far it is. */
  total: number;
  /** What it said on its way, oldest first. */
  lines: readonly string[];
  /** What came of it, as a sentence; "" while it runs. */
  words: string;
};

export type RunLine = { progress: number; of: number; text: string } | { outcome: Outcome["outcome"]; reason: string };

const LINES = 50; // kept of one run
const BEGIN: Run = { state: "running", done: 0, total: 0, lines: [], words: "" };

const runs = new Map<string, Signal<Run | undefined>>();

/** The last run of an action. */
export function runOf(device: string, action: string): ReadonlySignal<Run | undefined> {
  return slot(device, action);
}

/** Do it; settles when its fate is known. Never throws. `confirmed`: its danger is meant. */
export async function run(device: string, action: string, args: Record<string, string>, confirmed: boolean): Promise<void> {
  const place = slot(device, action);
  place.value = BEGIN;
  try {
    const path = `/api/devices/${encodeURIComponent(device)}/do`;
    const lines = postForLines<RunLine>(path, { action, args, confirmed, origin: "web" });
    for await (const line of lines) place.value = told(place.peek() ?? BEGIN, line);
    if (place.peek()?.state === "running") place.value = failed(place.peek() ?? BEGIN, say("device.action_cut"));
  } catch (error) {
    const refused = error instanceof Refused && error.message;
    place.value = failed(place.peek() ?? BEGIN, refused || say("device.action_cut"));
  }
}

/** A run after one more line. */
export function told(run: Run, line: RunLine): Run {
  if ("outcome" in line) {
    const good = line.outcome === "confirmed" || line.outcome === "held";
    return { ...run, state: good ? "done" : "failed", words: line.reason || say(`app.${line.outcome}`) };
  }
  const lines = line.text && line.text !== run.lines[run.lines.length - 1] ? [...run.lines, line.text].slice(-LINES) : run.lines;
  return { ...run, done: line.progress, total: line.of, lines };
}

function failed(run: Run, words: string): Run {
  return { ...run, state: "failed", words };
}

function slot(device: string, action: string): Signal<Run | undefined> {
  const place = `${device}\n${action}`;
  let found = runs.get(place);
  if (!found) runs.set(place, (found = signal<Run | undefined>(undefined)));
  return found;
}
