import { describe, expect, it } from "vitest";

import { dayFrom } from "../time/calendar";
import { addressOf, moved, viewOf, SHORTEST, withRange, zoomed } from "./view";

const TODAY = dayFrom("2026-11-21")!;
const read = (query: string) => viewOf(new URLSearchParams(query), TODAY);

describe("the address of a view", () => {
  it("of today's power is minimal", () => {
    expect(addressOf(read(""), TODAY)).toBe("/history");
    expect(read("")).toMatchObject({ range: "day", on: TODAY, what: ["power"], devices: null, zoom: null });
  });

  it("is parsed to the same view", () => {
    for (const query of [
      "range=week&on=2026-11-02&what=power&what=voltage_V&device=kettle&device=tv&from=1000&to=2000",
      "range=year&what=energy&bars=grouped",
      "range=week&what=power",
      "range=month&bars=sources&compare=no&device=%7Erest",
      "what=energy",
      "range=month&compare=year",
      "range=month&compare=2025-10-01&bars=changes",
      "range=month&what=load&device=tv",
      "range=year&what=unusual",
      "range=month&in=cost",
      "range=year&what=hours&in=carbon",
      "device=",
      "what=temperature_C&device=roof+sensor",
    ]) {
      const view = read(query);
      expect(viewOf(new URLSearchParams(addressOf(view, TODAY).split("?")[1] ?? ""), TODAY)).toEqual(view);
    }
  });

  it("is of energy from a week on, of power for a day", () => {
    expect(read("range=week").what).toEqual(["energy"]);
    expect(addressOf(read("range=month"), TODAY)).toBe("/history?range=month");
    expect(addressOf(read("range=month&what=power"), TODAY)).toContain("what=power");
  });

  it("changes to what is usual with the range, unless something else was chosen", () => {
    expect(withRange(read(""), "week").what).toEqual(["energy"]);
    expect(withRange(read("range=year"), "day").what).toEqual(["power"]);
    expect(withRange(read("what=voltage_V"), "week").what).toEqual(["voltage_V"]);
    expect(withRange(read("what=energy"), "week").what).toEqual(["energy"]);
  });

  it("distinguishes no devices from the default devices", () => {
    expect(read("device=").devices).toEqual([]);
    expect(read("").devices).toBeNull();
  });

  it("may contain invalid values, which are ignored", () => {
    expect(read("range=decade&on=2026-02-31&from=5&to=x&what=&bars=round")).toEqual(read(""));
    expect(read("from=2000&to=1000").zoom).toBeNull();
    expect(read("from=-5&to=1e99").zoom).toBeNull();
  });

  it("has energy as the only quantity", () => {
    expect(read("what=power&what=energy").what).toEqual(["energy"]);
  });
});

describe("a zoom", () => {
  it("keeps the time under the pointer", () => {
    expect(zoomed({ start: 0, end: 1000 }, 0.5, 0.2)).toEqual({ start: 100, end: 600 });
    expect(zoomed({ start: 1000, end: 2000 }, 2)).toEqual({ start: 500, end: 2500 });
  });

  it("is limited to ten seconds and to the epoch", () => {
    const { start, end } = zoomed({ start: 100, end: 120 }, 0.001);
    expect(end - start).toBe(SHORTEST);
    expect(moved({ start: 10, end: 110 }, -1)).toEqual({ start: 0, end: SHORTEST });
  });
});
