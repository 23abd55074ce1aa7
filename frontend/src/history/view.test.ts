import { describe, expect, it } from "vitest";

import { dayFrom } from "./calendar";
import { addressOf, moved, viewOf, SHORTEST, zoomed } from "./view";

const TODAY = dayFrom("2026-11-21")!;
const read = (query: string) => viewOf(new URLSearchParams(query), TODAY);

describe("the address of what is shown", () => {
  it("of today's power is as short as can be", () => {
    expect(addressOf(read(""), TODAY)).toBe("/history");
    expect(read("")).toMatchObject({ range: "day", on: TODAY, what: ["power"], devices: null, zoom: null });
  });

  it("leads back to the same view", () => {
    for (const query of [
      "range=week&on=2026-11-02&what=power&what=voltage_V&device=kettle&device=tv&from=1000&to=2000",
      "range=year&what=energy&bars=grouped",
      "device=",
      "what=temperature_C&device=roof+sensor",
    ]) {
      const view = read(query);
      expect(viewOf(new URLSearchParams(addressOf(view, TODAY).split("?")[1] ?? ""), TODAY)).toEqual(view);
    }
  });

  it("tells no devices from those that the page picks", () => {
    expect(read("device=").devices).toEqual([]);
    expect(read("").devices).toBeNull();
  });

  it("may be nonsense, which is left out", () => {
    expect(read("range=decade&on=2026-02-31&from=5&to=x&what=&bars=round")).toEqual(read(""));
    expect(read("from=2000&to=1000").zoom).toBeNull();
    expect(read("from=-5&to=1e99").zoom).toBeNull();
  });

  it("shows energy alone", () => {
    expect(read("what=power&what=energy").what).toEqual(["energy"]);
  });
});

describe("a zoom", () => {
  it("keeps the time under the pointer where it is", () => {
    expect(zoomed({ start: 0, end: 1000 }, 0.5, 0.2)).toEqual({ start: 100, end: 600 });
    expect(zoomed({ start: 1000, end: 2000 }, 2)).toEqual({ start: 500, end: 2500 });
  });

  it("ends at ten seconds and at the epoch", () => {
    const { start, end } = zoomed({ start: 100, end: 120 }, 0.001);
    expect(end - start).toBe(SHORTEST);
    expect(moved({ start: 10, end: 110 }, -1)).toEqual({ start: 0, end: SHORTEST });
  });
});
