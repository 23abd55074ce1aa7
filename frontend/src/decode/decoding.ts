/** What the hub found in the input: one answer, and a window of its frames. A newer request ends the one before. */
import { computed, signal } from "@preact/signals";

import { get, HubError, postBytes } from "../data/http";
import type { DecodeChoices, DecodedFrame, DecodeFiles, DecodeView } from "../data/shapes";
import { attached, bytesOf, choice, isChosen, queryOf, text, tooLong } from "./input";

const PATH = "/api/decode";
export const STEP = 500; // frames in one answer
const MOST_SHOWN = 2_000; // frames on the page; of more, those at the other end are dropped
const BEFORE = 20; // frames before one that is looked for

export const choices = signal<DecodeChoices | undefined>(undefined);
export const view = signal<DecodeView | undefined>(undefined);
export const frames = signal<readonly DecodedFrame[]>([]);
export const selected = signal<number | undefined>(undefined);
export const isPicked = signal(false); // whether a person has selected it
export const sought = signal(0); // counts the frames that were looked for from elsewhere on the page
export const busy = signal(false);
export const problem = signal("");
export const mayRetry = signal(false); // whether the same request may succeed later

export const selectedFrame = computed(() => frames.value.find((frame) => frame.index === selected.value));
export const firstShown = computed(() => frames.value[0]?.index ?? 0);
export const endShown = computed(() => (frames.value.at(-1)?.index ?? -1) + 1);

let running: AbortController | undefined;
let answered: string | Blob | undefined; // the input that the answer is of

/** Ask what may be chosen, once it was answered no more. Without an answer the choices are those that were found. */
export async function loadChoices(): Promise<void> {
  if (choices.value) return;
  const found = await get<DecodeChoices>(PATH).catch(() => undefined);
  choices.value ??= found;
}

/** Decode the input from its beginning. */
export async function decode(): Promise<void> {
  const input = attached.value?.bytes ?? text.value;
  const answer = await asked(0);
  if (!answer) {
    // it belongs to what was there before
    if (problem.value && (input !== answered || !isChosen(choice.value))) clearAnswer();
    return;
  }
  void loadChoices(); // they may not have been answered before
  answered = input;
  view.value = answer;
  frames.value = answer.frames;
  isPicked.value = false;
  selected.value = (answer.frames.find((frame) => frame.index === answer.remarks[0]?.index) ?? answer.frames[0])?.index;
}

/** The frames behind those that are shown, or before them. */
export async function more(before = false): Promise<void> {
  const start = before ? Math.max(firstShown.value - STEP, 0) : endShown.value;
  const answer = await asked(start, before ? firstShown.value - start : STEP);
  if (!answer) return;
  const joined = joinedWith(frames.value, answer.frames);
  frames.value = before ? joined.slice(0, MOST_SHOWN) : joined.slice(-MOST_SHOWN);
}

/** Select a frame that is shown. */
export function pick(index: number): void {
  selected.value = index;
  isPicked.value = true;
}

/** Select a frame and go to it; it is loaded first where it is not shown. */
export async function show(index: number): Promise<void> {
  if (index < firstShown.value || index >= endShown.value) {
    const answer = await asked(Math.max(index - BEFORE, 0));
    if (!answer) return;
    frames.value = answer.frames;
  }
  pick(index);
  sought.value++;
}

/** The input as files to keep, exactly as they are. Throws HubError. */
export async function kept(what: "capture" | "case", name = ""): Promise<DecodeFiles> {
  const bytes = bytesOf(text.value, attached.value) ?? new Blob([]);
  return postBytes<DecodeFiles>(
    `${PATH}/${what}`,
    { ...queryOf(choice.value), ...(name ? { name } : {}) },
    bytes,
    undefined,
    JSON.parse,
  );
}

/** Forget the answer. */
export function forget(): void {
  running?.abort();
  running = undefined;
  busy.value = false;
  problem.value = "";
  clearAnswer();
}

function clearAnswer(): void {
  view.value = undefined;
  frames.value = [];
  selected.value = undefined;
}

/** Frames that follow each other; a window elsewhere replaces the one before. */
export function joinedWith(shown: readonly DecodedFrame[], found: readonly DecodedFrame[]): readonly DecodedFrame[] {
  const [first, last] = [found[0], found.at(-1)];
  if (!first || !last) return shown;
  if (first.index === (shown.at(-1)?.index ?? -2) + 1) return [...shown, ...found];
  if (last.index + 1 === shown[0]?.index) return [...found, ...shown];
  return found;
}

/** The answer; undefined where there is none, or where it is not wanted any more. */
async function asked(start: number, limit = STEP): Promise<DecodeView | undefined> {
  const bytes = bytesOf(text.value, attached.value);
  if (!bytes) return void forget();
  running?.abort();
  const mine = new AbortController();
  running = mine;
  problem.value = tooLong(bytes.size);
  mayRetry.value = false;
  if (problem.value) return undefined;
  busy.value = true;
  try {
    return await postBytes<DecodeView>(PATH, { ...queryOf(choice.value), start, limit }, bytes, mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return undefined;
    problem.value = error instanceof HubError ? error.message : String(error);
    mayRetry.value = !(error instanceof HubError) || error.status === 0 || error.status >= 500;
    return undefined;
  } finally {
    if (running === mine) busy.value = false;
  }
}
