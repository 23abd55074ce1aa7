/**
 * The commands that were run on consoles, with their answers, newest first; they continue while other pages are shown.
 *
 *     POST /api/devices/ID/do  {"action": "console", "args": {"command": "meross mem", "lines": "show"}}
 *     ◄── {"outcome": "confirmed", "reason": "…", "answer": {"total": 184320, "lines": […]}}
 *
 * Secrets in answers are hidden by the hub; the page never asks for them.
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { cached } from "../../../data/cached";
import { HubError, postForLines } from "../../../data/http";
import type { Outcome } from "../../../data/shapes";
import { say } from "../../../text/words";
import { blocksOf, rawLines } from "./answer";
import { CANCEL, LIST, remembered, RUN, type ConsoleRequest, type Offered } from "./commands";

export type ConsoleAnswer = Readonly<Record<string, unknown>>;
export type ConsoleRun = {
  id: number;
  line: string;
  state: "running" | "done" | "failed";
  text: string;
  answer: ConsoleAnswer;
};
type DoLine = { outcome?: Outcome["outcome"]; reason?: string; answer?: ConsoleAnswer };

const MOST_RUNS = 20; // of a device
const MOST_REMEMBERED = 100;

type State = { runs: Signal<readonly ConsoleRun[]>; offered: Signal<readonly Offered[]>; history: string[] };
const states = new Map<string, State>();
let newest = 0;

export function runsOf(device: string): ReadonlySignal<readonly ConsoleRun[]> {
  return state(device).runs;
}

/** The commands of the device; empty until they are loaded. */
export function offeredOf(device: string): ReadonlySignal<readonly Offered[]> {
  return state(device).offered;
}

/** The lines that were typed, oldest first. */
export function historyOf(device: string): readonly string[] {
  return state(device).history;
}

export function clear(device: string): void {
  const { runs } = state(device);
  runs.value = runs.value.filter((run) => run.state === "running");
}

/** Cancel the command that runs, and those that wait; each then ends with that as its reason. */
export async function cancel(device: string): Promise<void> {
  await act(device, CANCEL, {}, false);
}

/** Load the commands of the device, unless they are there. Returns the problem, or "". */
export async function load(device: string): Promise<string> {
  return state(device).offered.value.length ? "" : reload(device);
}

/** Run a command; resolves when its outcome is known. Never throws. */
export async function runCommand(device: string, request: ConsoleRequest): Promise<void> {
  const { runs, history } = state(device);
  const id = ++newest;
  keep(history, remembered(request.line));
  const begun: ConsoleRun = { id, line: request.shown, state: "running", text: "", answer: {} };
  runs.value = [begun, ...runs.value].slice(0, MOST_RUNS);
  const args = request.action === RUN ? { ...request.args, lines: "show" } : request.args;
  const { outcome, reason = "", answer = {} } = await act(device, request.action, args, request.warning !== "");
  const isDone = outcome === "confirmed" || outcome === "held";
  const isShown = blocksOf(answer).length > 0 || rawLines(answer).length > 0; // what the reason says in short
  const text = isDone && isShown ? "" : reason || (outcome ? say(`app.${outcome}`) : say("device.action_interrupted"));
  const ended: ConsoleRun = { ...begun, state: isDone ? "done" : "failed", text, answer };
  runs.value = runs.value.map((run) => (run.id === id ? ended : run));
  if (hasNewNames(state(device).offered.value, request.line, answer)) await reload(device);
}

// --- inside ---

/** The last line of an action; without an outcome where there is none. */
async function act(
  device: string,
  action: string,
  args: Readonly<Record<string, string>>,
  confirmed: boolean,
): Promise<DoLine> {
  let end: DoLine = {};
  try {
    const body = { action, args, confirmed, origin: "web" };
    for await (const line of postForLines<DoLine>(`/api/devices/${encodeURIComponent(device)}/do`, body)) end = line;
    return end.outcome ? end : { reason: say("device.action_interrupted") };
  } catch (error) {
    return { reason: (error instanceof HubError && error.message) || say("device.action_interrupted") };
  }
}

function keep(history: string[], line: string): void {
  if (history[history.length - 1] !== line) history.push(line);
  history.splice(0, history.length - MOST_REMEMBERED);
}

async function reload(device: string): Promise<string> {
  const { offered } = state(device);
  const end = await act(device, LIST, {}, false);
  const commands = end.answer?.commands;
  if (Array.isArray(commands)) offered.value = commands as Offered[];
  return offered.value.length ? "" : end.reason || say("console.no_list");
}

/** Whether the device has listed a command that is not offered yet. */
function hasNewNames(offered: readonly Offered[], line: string, answer: ConsoleAnswer): boolean {
  const listed = Array.isArray(answer.commands) ? (answer.commands as { name: string }[]) : [];
  const before = line === "?" ? "" : `${line} `;
  return listed.some((one) => !offered.some((known) => known.name === before + one.name));
}

function state(device: string): State {
  return cached(states, device, () => ({
    runs: signal<readonly ConsoleRun[]>([]),
    offered: signal<readonly Offered[]>([]),
    history: [],
  }));
}
