import { expect, test } from "vitest";

import { unitOfColumn } from "./amounts";

test("a zero has the unit of its column", () => {
  expect([unitOfColumn([0, 310, 3]), unitOfColumn([0, 3]), unitOfColumn([])]).toEqual(["kWh", "Wh", "Wh"]);
});
