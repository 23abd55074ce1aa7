import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { run, runOf, uploadName, shownLines, withLine, type Run } from "./runs";

const NOTHING = { args: {}, files: {} };
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
    const ask = answers('{"progress": 1, "of": 2, "text": "erasing"}\n{"progress"', ': 2, "of": 2, "text": "done"}\n{"outcome": "confirmed", "reason": "", "ms": 3}\n');
    await run("meter", "reset", NOTHING, true);
    expect(runOf("meter", "reset").value).toEqual({ state: "done", done: 2, total: 2, lines: ["erasing", "done"], text: "Done." });
    const [path, init] = ask.mock.calls[0] ?? [];
    expect(path).toBe("/api/devices/meter/do");
    expect(JSON.parse(String(init?.body))).toEqual({ action: "reset", args: {}, confirmed: true, origin: "web" });
  });

  it("fails with the reason if the device refuses it", () => {
    expect(withLine(BEGUN, { outcome: "refused", reason: "It is locked." })).toMatchObject({ state: "failed", text: "It is locked." });
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
    const lines = Array.from({ length: 120 }, (_, index) => ({ progress: index, of: 120, text: `block ${index >> 1}` }));
    const { lines: kept } = lines.reduce(withLine, BEGUN);
    expect(kept).toHaveLength(50);
    expect(kept[49]).toBe("block 59");
  });

  it("uploads its files first, and uses the names assigned by the hub", async () => {
    const asked: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
      asked.push([path, init]);
      if (init.method === "PUT") return Response.json({ name: "1f0c77ab-pump_1.bin", size: 3, md5: "", at: "" });
      return new Response('{"outcome": "confirmed", "reason": "It is 1.0.2 now.", "ms": 3}\n');
    });
    const file = new File(["abc"], "pump 1.bin");
    await run("pump", "update", { args: { version: "1.0.2" }, files: { file } }, true);
    const [[put, sent], [, done]] = asked as [[string, RequestInit], [string, RequestInit]];
    expect([put, sent.body]).toEqual(["/api/updates/pump_1.bin?beside=true", file]);
    expect(JSON.parse(String(done.body)).args).toEqual({ version: "1.0.2", file: "1f0c77ab-pump_1.bin" });
    expect(runOf("pump", "update").value).toMatchObject({ state: "done", text: "Done: It is 1.0.2 now." });
  });

  it("does not start if the hub refuses its file", async () => {
    const problem = { title: "no", status: 413, detail: "The body is too long." };
    const ask = vi.fn(async () => new Response(JSON.stringify(problem), { status: 413 }));
    vi.stubGlobal("fetch", ask);
    await run("pump", "long", { args: {}, files: { file: new File(["abc"], "a") } }, true);
    expect(runOf("pump", "long").value).toMatchObject({ state: "failed", text: "The body is too long." });
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it("shows all of few steps, or the newest of many", () => {
    const lines = ["erasing", "writing"];
    expect(shownLines({ ...BEGUN, total: 3, lines })).toEqual(lines);
    expect(shownLines({ ...BEGUN, total: 98304, lines })).toEqual(["writing"]);
    expect(shownLines({ ...BEGUN, total: 98304, lines, state: "done" })).toEqual([]);
  });
});

describe("the name of a file", () => {
  it("is one that the hub accepts", () => {
    fc.assert(fc.property(fc.string(), (name) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/.test(uploadName(name))));
    expect(uploadName("pump 1.0.2 (neu).bin")).toBe("pump_1.0.2__neu_.bin");
    expect(uploadName("..hidden")).toBe("hidden");
  });
});
