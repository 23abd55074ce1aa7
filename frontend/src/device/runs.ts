/**
 * Actions under way and what came of them. They go on while other pages are looked at.
 *
 *     PUT /api/updates/pump.bin?beside=true ──► {"name": "pump.bin", …}      each file that it names goes first
 *     POST /api/devices/ID/do ──► {"progress": 3, "of": 10, "text": "…"} … {"outcome": "confirmed", …}
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { postForLines, put, HubError } from "../http";
import type { Outcome, UpdateFile } from "../shapes";
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
export const LARGEST_FILE = 16 * 1024 * 1024; // bytes that the hub takes
const STEPS = 20; // an action of more of them has a bar that says enough
const BEGIN: Run = { state: "running", done: 0, total: 0, lines: [], words: "" };

const runs = new Map<string, Signal<Run | undefined>>();

/** The last run of an action. */
export function runOf(device: string, action: string): ReadonlySignal<Run | undefined> {
  return slot(device, action);
}

/** What an action is told; its files by the names of their arguments. */
export type Said = { args: Record<string, string>; files: Record<string, File> };

/** Do it; settles when its fate is known. Never throws. `confirmed`: its danger is meant. */
export async function run(device: string, action: string, { args, files }: Said, confirmed: boolean): Promise<void> {
  const place = slot(device, action);
  place.value = BEGIN;
  try {
    const named = { ...args };
    for (const [name, file] of Object.entries(files)) {
      place.value = { ...BEGIN, lines: [say("device.sending_file", { file: file.name })] };
      named[name] = (await put<UpdateFile>(`/api/updates/${uploadName(file.name)}?beside=true`, file)).name;
    }
    place.value = BEGIN;
    const path = `/api/devices/${encodeURIComponent(device)}/do`;
    const lines = postForLines<RunLine>(path, { action, args: named, confirmed, origin: "web" });
    for await (const line of lines) place.value = told(place.peek() ?? BEGIN, line);
    if (place.peek()?.state === "running") place.value = failed(place.peek() ?? BEGIN, say("device.action_interrupted"));
  } catch (error) {
    const refused = error instanceof HubError && error.message;
    place.value = failed(place.peek() ?? BEGIN, refused || say("device.action_interrupted"));
  }
}

/** A run after one more line. */
export function told(run: Run, line: RunLine): Run {
  if ("outcome" in line) {
    const good = line.outcome === "confirmed" || line.outcome === "held";
    const done = line.outcome === "confirmed" && line.reason;
    const words = done ? say("device.done", { reason: line.reason }) : line.reason || say(`app.${line.outcome}`);
    return { ...run, state: good ? "done" : "failed", words };
  }
  const lines = line.text && line.text !== run.lines[run.lines.length - 1] ? [...run.lines, line.text].slice(-LINES) : run.lines;
  return { ...run, done: line.progress, total: line.of, lines };
}

/** What is told of a run on its way: all steps of a short one; of a long one the newest, beside its bar. */
export function shownLines({ lines, total, state }: Run): readonly string[] {
  if (total <= STEPS) return lines;
  return state === "running" ? lines.slice(-1) : [];
}

/** A name that the hub takes for a file. */
export function uploadName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "").slice(-100).replace(/^\.+/, "") || "file";
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
