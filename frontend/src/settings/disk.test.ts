import { describe, expect, it } from "vitest";

import { diskTexts, type Disk } from "./disk";

const GB = 1e9;
const disk: Disk = {
  size: 100 * GB,
  used: 91 * GB,
  free: 9 * GB,
  store: 3 * GB,
  percent: 91,
  is_nearly_full: true,
  growth_day: null,
  store_growth_day: null,
  full_in: null,
};

describe("the disk", () => {
  it("says nothing of growth that is not known", () => {
    expect(diskTexts(disk)).toEqual(["91 % of 100 GB used, 9.0 GB free."]);
  });

  it("says when it will be full, and what the history takes of its growth", () => {
    expect(
      diskTexts({
        ...disk,
        growth_day: 750_000_000,
        store_growth_day: 40_000_000,
        full_in: { unit: "days", count: 12 },
      }).slice(1),
    ).toEqual([
      "It fills by 750 MB a day, 40 MB of it by this history.",
      "At the rate of the last days it will be full in about 12 days.",
    ]);
  });

  it("says only what the history grows by where that is more than all files do", () => {
    expect(diskTexts({ ...disk, growth_day: -5 * GB, store_growth_day: 40_000_000 }).slice(1)).toEqual([
      "This history grows by 40 MB a day.",
    ]);
    expect(diskTexts({ ...disk, growth_day: 5, store_growth_day: 40_000_000 }).slice(1)).toEqual([
      "This history grows by 40 MB a day.",
    ]);
    expect(diskTexts({ ...disk, growth_day: -5 * GB, store_growth_day: -40_000_000 })).toHaveLength(1);
  });
});
