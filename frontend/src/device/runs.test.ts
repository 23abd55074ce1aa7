import { afterEach, describe, expect, it, vi } from "vitest";

import { run, runOf, told, type Run } from "./runs";

const BEGUN: Run = { state: "running", done: 0, total: 0, lines: [], words: "" };

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
  it("tells how far it is, then what came of it", async () => {
    const ask = answers('{"progress": 1, "of": 2, "text": "erasing"}\n{"progress"', ': 2, "of": 2, "text": "done"}\n{"outcome": "confirmed", "reason": "", "ms": 3}\n');
    await run("meter", "reset", {}, true);
    expect(runOf("meter", "reset").value).toEqual({ state: "done", done: 2, total: 2, lines: ["erasing", "done"], words: "Done." });
    const [path, init] = ask.mock.calls[0] ?? [];
    expect(path).toBe("/api/devices/meter/do");
    expect(JSON.parse(String(init?.body))).toEqual({ action: "reset", args: {}, confirmed: true, origin: "web" });
  });

  it("that the device refuses has failed, for its reason", () => {
    expect(told(BEGUN, { outcome: "refused", reason: "It is locked." })).toMatchObject({ state: "failed", words: "It is locked." });
  });

  it("that waits for a sleeper is done for now", () => {
    expect(told(BEGUN, { outcome: "held", reason: "" }).state).toBe("done");
  });

  it("whose line ends without an outcome is not taken for done", async () => {
    answers('{"progress": 1, "of": 9, "text": ""}\n');
    await run("meter", "cut", {}, false);
    expect(runOf("meter", "cut").value?.state).toBe("failed");
  });

  it("that the hub does not take says why", async () => {
    const problem = { title: "no", status: 400, detail: "reset needs a yes." };
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(problem), { status: 400 }));
    await run("meter", "unasked", {}, false);
    expect(runOf("meter", "unasked").value).toMatchObject({ state: "failed", words: "reset needs a yes." });
  });

  it("that says the same again says it once, and keeps its end without bounds", () => {
    const lines = Array.from({ length: 120 }, (_, index) => ({ progress: index, of: 120, text: `block ${index >> 1}` }));
    const { lines: kept } = lines.reduce(told, BEGUN);
    expect(kept).toHaveLength(50);
    expect(kept[49]).toBe("block 59");
  });
});
