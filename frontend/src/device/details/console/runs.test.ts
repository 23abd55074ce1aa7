import { afterEach, describe, expect, it, vi } from "vitest";

import type { ConsoleRequest } from "./commands";
import { cancel, clear, historyOf, load, offeredOf, runCommand, runsOf } from "./runs";

const MEM: ConsoleRequest = {
  line: "meross mem",
  shown: "meross mem",
  action: "console",
  args: { command: "meross mem" },
  warning: "",
};

function answering(...bodies: unknown[]) {
  const left = bodies.map((body) => JSON.stringify(body));
  const ask = vi.fn(async (_path: string, _init: RequestInit) => new Response(`${left.shift() ?? "{}"}\n`));
  vi.stubGlobal("fetch", ask);
  return ask;
}

const bodyOf = (ask: ReturnType<typeof answering>, call: number) => JSON.parse(String(ask.mock.calls[call]?.[1].body));

afterEach(() => vi.unstubAllGlobals());

describe("a command", () => {
  it("is run with its lines and without secrets, and kept with its answer", async () => {
    const ask = answering({ outcome: "confirmed", reason: "free: 1", answer: { free: 1, lines: ["free: 1"] } });
    await runCommand("a", MEM);
    expect(bodyOf(ask, 0)).toEqual({
      action: "console",
      args: { command: "meross mem", lines: "show" },
      confirmed: false,
      origin: "web",
    });
    expect(runsOf("a").value).toMatchObject([{ line: "meross mem", state: "done", text: "", answer: { free: 1 } }]);
    expect(historyOf("a")).toEqual(["meross mem"]);
    clear("a");
    expect(runsOf("a").value).toEqual([]);
  });

  it("is confirmed only where a warning was shown", async () => {
    const ask = answering({ outcome: "confirmed", reason: "The board starts again.", answer: { lines: [] } });
    await runCommand("b", {
      line: "meross crash",
      shown: "meross crash",
      action: "console_crash",
      args: {},
      warning: "Danger.",
    });
    expect(bodyOf(ask, 0)).toEqual({ action: "console_crash", args: {}, confirmed: true, origin: "web" });
    expect(runsOf("b").value).toMatchObject([{ state: "done", text: "The board starts again." }]);
  });

  it("has the reason where it fails", async () => {
    answering({ outcome: "timeout", reason: "No answer to meross mem." });
    await runCommand("c", MEM);
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ detail: "Not so." }), { status: 422 }));
    await runCommand("c", MEM);
    expect(runsOf("c").value.map((run) => [run.state, run.text])).toEqual([
      ["failed", "Not so."],
      ["failed", "No answer to meross mem."],
    ]);
    expect(historyOf("c"), "repeated lines are remembered once").toEqual(["meross mem"]);
  });

  it("can be cancelled", async () => {
    const ask = answering({ outcome: "confirmed", reason: "1 command was cancelled." });
    await cancel("a");
    expect(bodyOf(ask, 0)).toEqual({ action: "console_cancel", args: {}, confirmed: false, origin: "web" });
  });

  it("is one of a bounded number", async () => {
    for (let count = 0; count < 30; count += 1) {
      answering({ outcome: "confirmed", reason: "", answer: {} });
      await runCommand("d", { ...MEM, line: `meross ${count}` });
    }
    expect(runsOf("d").value).toHaveLength(20);
    expect(historyOf("d")).toHaveLength(30);
  });
});

describe("the commands of the device", () => {
  const COMMANDS = { outcome: "confirmed", reason: "", answer: { commands: [{ name: "meross" }] } };

  it("are loaded once", async () => {
    const ask = answering(COMMANDS, COMMANDS);
    expect(await load("e")).toBe("");
    expect(await load("e")).toBe("");
    expect(ask).toHaveBeenCalledTimes(1);
    expect(offeredOf("e").value).toEqual([{ name: "meross" }]);
  });

  it("are asked for again after a failure, which is reported", async () => {
    answering({ outcome: "unreachable", reason: "The console is not connected." });
    expect(await load("f")).toBe("The console is not connected.");
    answering(COMMANDS);
    expect(await load("f")).toBe("");
  });

  it("are loaded again when the device lists one that is new", async () => {
    answering(COMMANDS);
    await load("g");
    const ask = answering(
      { outcome: "confirmed", reason: "", answer: { commands: [{ name: "foo" }] } },
      { ...COMMANDS, answer: { commands: [{ name: "meross" }, { name: "meross foo" }] } },
    );
    await runCommand("g", { ...MEM, line: "meross", args: { command: "meross" } });
    expect(ask).toHaveBeenCalledTimes(2);
    expect(offeredOf("g").value).toHaveLength(2);
  });
});
