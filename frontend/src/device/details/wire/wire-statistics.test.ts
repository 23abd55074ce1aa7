import { describe, expect, it } from "vitest";

import { reasonsText, roundTripText, summaryOf } from "./wire-statistics";

describe("link statistics", () => {
  it("have the common counters first, and the others by name", () => {
    const stats = {
      frames_in: 1204,
      frames_out: 80,
      noise_bytes: 12,
      noise_bad_checksum: 2,
      round_trip_ms: 14.2,
      ignored_values: 0,
      restarts: 1,
    };
    const { received, sent, noise, reasons, roundTrip, ignored, rest } = summaryOf(stats);
    expect([received, sent, noise, roundTrip, ignored]).toEqual([1204, 80, 12, 14.2, 0]);
    expect(reasonsText(reasons)).toBe("bad checksum 2");
    expect(rest).toEqual([{ key: "restarts", name: "Restarts of the device", value: 1 }]);
  });

  it("have the most frequent reason of noise first, and only reasons that occurred", () => {
    const { reasons } = summaryOf({
      noise_bytes: 2000,
      noise_no_header: 1,
      noise_bad_checksum: 1500,
      noise_too_long: 0,
    });
    expect(reasonsText(reasons)).toBe("bad checksum 1,500, no header 1");
  });

  it("have no values for counters that are missing", () => {
    expect(summaryOf({})).toEqual({
      received: undefined,
      sent: undefined,
      noise: undefined,
      roundTrip: undefined,
      ignored: undefined,
      reasons: [],
      rest: [],
    });
  });

  it("name an unknown counter by its key", () => {
    expect(summaryOf({ odd_moons: 3 }).rest).toEqual([{ key: "odd_moons", name: "Odd moons", value: 3 }]);
  });

  it("show short round trips with decimals and long ones in whole ms", () => {
    expect([0.84, 9.96, 14.2, 1234.5].map(roundTripText)).toEqual(["0.8", "10", "14", "1,235"]);
  });
});
