import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { device } from "../../devices/testing";
import { codesOf, exported, learningLeft, nameProblem } from "./infrared-codes";

const answers = (body: string, status = 200) => {
  const ask = vi.fn(async (_path: string, _init: RequestInit) => new Response(body, { status }));
  vi.stubGlobal("fetch", ask);
  return ask;
};

afterEach(() => vi.unstubAllGlobals());

describe("the infrared codes", () => {
  it("are listed in the order of the alphabet, numbers as numbers", () => {
    expect(codesOf(device("gateway", { info: { infrared_codes: "TV 10, tv 2, Lamp" } }))).toEqual([
      "Lamp",
      "tv 2",
      "TV 10",
    ]);
    expect(codesOf(device("gateway"))).toEqual([]);
    expect(codesOf(device("gateway", { info: { infrared_codes: "" } }))).toEqual([]);
  });

  it("need a name of their own, without commas", () => {
    expect(nameProblem(" ", [])).toBe("Enter a name.");
    expect(nameProblem("a,b", [])).toBe("A name cannot contain a comma.");
    expect(nameProblem("x".repeat(61), [])).toBe("A name has at most 60 characters.");
    expect(nameProblem(" tv ", ["tv"])).toBe("There is a code tv already.");
    expect(nameProblem("tv", ["tv"], "tv")).toBe("");
  });

  it("are learnt for 30 s, whatever the clocks say", () => {
    expect([100, 100.1, 110, 131].map((now) => learningLeft(100, now))).toEqual([30, 30, 20, 0]);
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (now) => learningLeft(100, now) >= 0 && learningLeft(100, now) <= 30),
    );
  });

  it("are exported as the text of the outcome", async () => {
    const ask = answers('{"outcome": "confirmed", "reason": "38000Hz 9000 4500", "ms": 1}\n');
    expect(await exported("gateway", "tv", "raw")).toEqual({ text: "38000Hz 9000 4500", problem: "" });
    expect(JSON.parse(String(ask.mock.calls[0]?.[1].body))).toEqual({
      action: "export_ir",
      args: { name: "tv", form: "raw" },
      confirmed: true,
      origin: "web",
    });
  });

  it("are not exported where the hub refuses it, or the connection ends", async () => {
    answers('{"outcome": "unreachable", "reason": "", "ms": 1}\n');
    expect((await exported("gateway", "tv", "raw")).problem).toContain("cannot be reached");
    answers("");
    expect((await exported("gateway", "tv", "raw")).problem).toContain("connection to the hub was lost");
    answers(JSON.stringify({ title: "no", status: 400, detail: "There is no infrared code 'tv'." }), 400);
    expect(await exported("gateway", "tv", "raw")).toEqual({ text: "", problem: "There is no infrared code 'tv'." });
  });
});
