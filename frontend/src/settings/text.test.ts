import { describe, expect, it } from "vitest";

import { brokerAddress, brokerRows, bytesText, durationText, storeProblems } from "./text";

describe("figures of the hub", () => {
  it("show the uptime in two units at most", () => {
    const hour = 3600;
    expect([0, 59.9, 60, hour, 4 * hour + 725, 24 * hour, 76 * hour].map(durationText)).toEqual([
      "0 s",
      "59 s",
      "1 min",
      "1 h",
      "4 h 12 min",
      "1 d",
      "3 d 4 h",
    ]);
  });

  it("show bytes in decimal units, always below 1000", () => {
    expect([0, 999, 1000, 4096, 9949, 9950, 999_499, 999_500, 1_300_000_000].map(bytesText)).toEqual([
      "0 B",
      "999 B",
      "1.0 kB",
      "4.1 kB",
      "9.9 kB",
      "10 kB",
      "999 kB",
      "1.0 MB",
      "1.3 GB",
    ]);
  });

  it("show only problems of the store", () => {
    const fine = {
      bytes: 1,
      stored: 5,
      batches: 2,
      failures: 0,
      dropped: 0,
      unstorable: 0,
      waiting: 9,
      write_ms: 3,
      unsealed_hours: 0,
      too_old: 0,
    };
    expect(storeProblems(fine)).toEqual([]);
    expect(storeProblems({ ...fine, failures: 2, dropped: 1500, unstorable: 1 })).toHaveLength(3);
    expect(storeProblems({ ...fine, dropped: 1500 })[0]).toContain("1,500");
  });

  it("name the counters of the broker, including unknown ones", () => {
    const rows = brokerRows({ listen: "0.0.0.0:8883", plugs: 2, turned_away: 1204, moons_seen: 1 });
    expect(rows.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "Plugs connected: 2",
      "Rejected (too many or too frequent): 1,204",
      "moons seen: 1",
    ]);
    expect(brokerAddress({ listen: "0.0.0.0:8883" })).toBe("0.0.0.0:8883");
    expect(brokerAddress({})).toBe("");
  });
});
