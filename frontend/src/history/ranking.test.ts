import { describe, expect, it } from "vitest";

import type { Share } from "./energy";
import { changesOf, ranked, withIdle } from "./ranking";

const share = (device: string, Wh: number, part: Share["part"] = "device"): Share => ({
  part,
  device,
  Wh,
  estimated: false,
});

describe("the ranking", () => {
  const all = [share("kettle", 10), share("fridge", 30), share("", 60, "rest")];

  it("is from largest to smallest, with shares of the whole", () => {
    expect(ranked(all, undefined).map((one) => [one.device, one.share, one.length, one.change])).toEqual([
      ["", 0.6, 1, ""],
      ["fridge", 0.3, 0.5, ""],
      ["kettle", 0.1, 10 / 60, ""],
    ]);
  });

  it("has the change of what can be compared, not of the whole period", () => {
    const both = { now: [share("kettle", 8)], before: [share("kettle", 10), share("fridge", 0)] };
    expect(ranked(all, both).map((one) => [one.device, one.change])).toEqual([
      ["", ""],
      ["fridge", ""],
      ["kettle", "▼ 20 %"],
    ]);
  });

  it("gives export no share of the use", () => {
    expect(
      ranked(
        [share("meter", 90, "import"), share("solar", 10, "produced"), share("meter", 50, "export")],
        undefined,
      ).map((one) => one.share),
    ).toEqual([0.9, 0, 0.1]);
  });

  it("contains devices that used nothing", () => {
    expect(withIdle([share("kettle", 1)], ["kettle", "tv"]).map((one) => [one.device, one.Wh])).toEqual([
      ["kettle", 1],
      ["tv", 0],
    ]);
    expect(ranked(withIdle([], ["tv"]), undefined)[0]).toMatchObject({ share: 0, length: 0 });
  });
});

describe("changes between two periods", () => {
  const share = (device: string, Wh: number) => ({ part: "device" as const, device, Wh, estimated: false });

  it("are ranked by how much they are, more or less", () => {
    const found = changesOf(
      [share("tv", 900), share("heater", 5000), share("fridge", 700.2)],
      [share("tv", 1500), share("heater", 2000), share("fridge", 700), share("old", 50)],
    );
    expect(found.map(({ device, by, length, change }) => [device, by, length, change])).toEqual([
      ["heater", 3000, 1, "▲ 150 %"],
      ["tv", -600, 0.2, "▼ 40 %"],
      ["old", -50, 50 / 3000, "▼ 100 %"],
    ]);
  });
});
