import { describe, expect, it } from "vitest";

import { amountText } from "./amounts";

describe("an amount of energy", () => {
  it("has no more digits than it deserves", () => {
    expect([0, 7.4, 9.6, 310, 9_990, 9_996, 57_240, 99_960, 733_400].map(amountText)).toEqual([
      "0 Wh", "7 Wh", "0.01 kWh", "0.31 kWh", "9.99 kWh", "10.0 kWh", "57.2 kWh", "100 kWh", "733 kWh",
    ]);
  });
});
