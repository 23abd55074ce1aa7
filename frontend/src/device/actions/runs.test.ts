import { afterEach, describe, expect, it, vi } from "vitest";

import { run, runOf, shownLines, withLine, type Run } from "./runs";

const NOTHING = {};
const BEGUN: Run = { state: "running", done: 0, total: 0, lines: [], text: "" };

const answers = (...pieces: string[]) => {
  const body = new ReadableStream<Uint8Array>({
    start(stream) {
      for (const piece of pieces) stream.enqueue(new TextEncoder().encode(piece));
      stream.close();
    },
  });
  const ask = vi.fn(async (_path: string, _init: RequestInit) => new Response(body));
  vi.stubGlobal("fetch", ask);
  return ask;
};

afterEach(() => vi.unstubAllGlobals());

describe("an action", () => {
  it("reports its progress, then its outcome", async () => {
    const ask = answers(
      '{"progress": 1, "of": 2, "text": "erasing"}\n{"progress"',
      ': 2, "of": 2, "text": "done"}\n{"outcome": "confirmed", "reason": "", "ms": 3}\n',
    );
    await run("meter", "reset", NOTHING, true);
    expect(runOf("meter", "reset").value).toEqual({
      state: "done",
      done: 2,
      total: 2,
      lines: ["erasing", "done"],
      text: "Done.",
    });
    const [path, init] = ask.mock.calls[0] ?? [];
    expect(path).toBe("/api/devices/meter/do");
    expect(JSON.parse(String(init?.body))).toEqual({ action: "reset", args: {}, confirmed: true, origin: "web" });
  });

  it("fails with the reason if the device refuses it", () => {
    expect(withLine(BEGUN, { outcome: "refused", reason: "It is locked." })).toMatchObject({
      state: "failed",
      text: "It is locked.",
    });
  });

  it("is done when it is held for a sleeping device", () => {
    expect(withLine(BEGUN, { outcome: "held", reason: "" }).state).toBe("done");
  });

  it("fails if the stream ends without an outcome", async () => {
    answers('{"progress": 1, "of": 9, "text": ""}\n');
    await run("meter", "cut", NOTHING, false);
    expect(runOf("meter", "cut").value?.state).toBe("failed");
  });

  it("fails with the reason if the hub refuses it", async () => {
    const problem = { title: "no", status: 400, detail: "reset needs a yes." };
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(problem), { status: 400 }));
    await run("meter", "unasked", NOTHING, false);
    expect(runOf("meter", "unasked").value).toMatchObject({ state: "failed", text: "reset needs a yes." });
  });

  it("lists repeated messages once, and keeps a limited number of them", () => {
    const lines = Array.from({ length: 120 }, (_, index) => ({
      progress: index,
      of: 120,
      text: `block ${index >> 1}`,
    }));
    const { lines: kept } = lines.reduce(withLine, BEGUN);
    expect(kept).toHaveLength(50);
    expect(kept[49]).toBe("block 59");
  });

  it("shows all of few steps, or the newest of many", () => {
    const lines = ["erasing", "writing"];
    expect(shownLines({ ...BEGUN, total: 3, lines })).toEqual(lines);
    expect(shownLines({ ...BEGUN, total: 98304, lines })).toEqual(["writing"]);
    expect(shownLines({ ...BEGUN, total: 98304, lines, state: "done" })).toEqual([]);
  });
});
