import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { DecodeChoices, DecodedFrame } from "../data/shapes";
import {
  busy,
  choices,
  decode,
  endShown,
  forget,
  frames,
  joinedWith,
  loadChoices,
  more,
  problem,
  selected,
  show,
  view,
} from "./decoding";
import { attached, choice, FOUND, isChosen, MOST_BYTES, text } from "./input";
import { frame } from "./testing";

const TOTAL = 1_200;
const COUNTS = {
  pieces: TOTAL,
  frames: TOTAL,
  noise_bytes: 0,
  cut_bytes: 0,
  rebuilt: 0,
  remarks: {},
  senders: ["device"],
  is_complete: true,
};

const CHOICES: DecodeChoices = { formats: [], families: [], most_bytes: MOST_BYTES };

type Asked = { path: string; query: URLSearchParams; aborted: () => boolean; answer: (status?: number) => void };
let asked: Asked[] = [];

/** Requests wait until the test answers them. */
beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => {
    const { pathname, searchParams } = new URL(address, "http://hub");
    return new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      const answer = (status = 200) => {
        const start = Number(searchParams.get("start"));
        const count = Math.min(Number(searchParams.get("limit")), TOTAL - start);
        const found = Array.from({ length: count }, (_, at) => frame({ index: start + at }));
        const body =
          status === 200 ? { counts: COUNTS, start, frames: found, remarks: [{ index: 7 }] } : { detail: "Too long." };
        resolve(new Response(JSON.stringify(body), { status }));
      };
      asked.push({ path: pathname, query: searchParams, aborted: () => Boolean(init.signal?.aborted), answer });
    });
  });
  text.value = "55 aa";
  attached.value = undefined;
  choice.value = FOUND;
  choices.value = CHOICES;
  forget();
});
afterEach(() => vi.unstubAllGlobals());

async function answered(work: Promise<void>, status = 200): Promise<void> {
  asked.at(-1)!.answer(status);
  await work;
}

const indexes = () => [frames.value[0]?.index, endShown.value];

describe("decoding", () => {
  it("shows the first frames, and selects the one of the first remark", async () => {
    await answered(decode());
    expect([indexes(), selected.value, view.value?.counts.frames, busy.value]).toEqual([[0, 500], 7, TOTAL, false]);
  });
  it("ends an earlier request, whose answer is not shown", async () => {
    const first = decode();
    text.value = "55 aa 00";
    const second = decode();
    expect(asked[0]!.aborted()).toBe(true);
    await first;
    expect(busy.value).toBe(true);
    await answered(second);
    expect([problem.value, busy.value]).toEqual(["", false]);
  });
  it("sends the choice that was made, not what is to be found", async () => {
    choice.value = { ...FOUND, family: "emporia" };
    await answered(decode());
    expect([...asked[0]!.query.keys()]).toEqual(["family", "start", "limit"]);
  });
  it("shows no frames of another input beside a problem, whatever was chosen", async () => {
    choice.value = { ...FOUND, family: "emporia" };
    await answered(decode());
    choice.value = { ...FOUND, family: "hlw8032" };
    await answered(decode(), 422);
    expect(view.value).toBeDefined(); // it is still of this input
    text.value = "24 01";
    await answered(decode(), 503);
    expect([problem.value, view.value, frames.value.length, isChosen(choice.value)]).toEqual([
      "Too long.",
      undefined,
      0,
      true,
    ]);
  });
  it("refuses what is too long without sending it", async () => {
    await answered(decode());
    attached.value = { name: "log", bytes: new Blob([new Uint8Array(MOST_BYTES + 1)]) };
    await decode();
    expect([asked.length, view.value, problem.value.includes("4.2 MB")]).toEqual([1, undefined, true]);
  });
  it("keeps the answer where a choice is refused, and not where the input is", async () => {
    await answered(decode());
    choice.value = { ...FOUND, input: "hex" };
    await answered(decode(), 422);
    expect([problem.value, view.value === undefined]).toEqual(["Too long.", false]);
    choice.value = FOUND;
    await answered(decode(), 422);
    expect(view.value).toBeUndefined();
  });
  it("asks for the choices again with the next input, where they were not answered", async () => {
    choices.value = undefined;
    const first = loadChoices();
    asked[0]!.answer(503);
    await first;
    expect(choices.value).toBeUndefined();
    await answered(decode());
    expect(asked.length).toBe(3);
    asked[2]!.answer();
    await vi.waitFor(() => expect(choices.value).toBeDefined());
    await answered(decode());
    expect(asked.length).toBe(4);
  });
  it("asks nothing without an input", async () => {
    text.value = "  ";
    await decode();
    expect(asked).toEqual([]);
  });
});

describe("the window of frames", () => {
  it("grows at its end, and is replaced by one elsewhere", async () => {
    await answered(decode());
    await answered(more());
    expect(indexes()).toEqual([0, 1000]);
    await answered(more());
    expect(indexes()).toEqual([0, 1200]);
    forget();
    await answered(decode());
    await answered(show(900));
    expect([indexes(), selected.value]).toEqual([[880, 1200], 900]);
    await answered(more(true));
    expect(indexes()).toEqual([380, 1200]);
    await show(381);
    expect([asked.length, selected.value]).toEqual([6, 381]);
  });
  it("has no holes", () => {
    const some = (from: number, to: number): DecodedFrame[] =>
      Array.from({ length: to - from }, (_, at) => frame({ index: from + at }));
    const span = (joined: readonly DecodedFrame[]) => [joined[0]?.index, joined.length];
    expect(span(joinedWith(some(0, 5), some(5, 8)))).toEqual([0, 8]);
    expect(span(joinedWith(some(5, 8), some(0, 5)))).toEqual([0, 8]);
    expect(span(joinedWith(some(0, 5), some(9, 12)))).toEqual([9, 3]);
    expect(span(joinedWith(some(0, 5), []))).toEqual([0, 5]);
    expect(span(joinedWith([], some(3, 5)))).toEqual([3, 2]);
  });
});
