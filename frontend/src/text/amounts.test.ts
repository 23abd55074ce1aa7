/** Energy of a day: in Wh where 0.01 kWh would be too coarse. */
import { expect, test } from "vitest";

import { quantityText } from "./format";

test.each([
  [0, "0 Wh"],
  [0.44, "0.4 Wh"],
  [3.4, "3 Wh"],
  [9.4, "9 Wh"],
  [9.6, "0.01 kWh"],
  [314, "0.31 kWh"],
  [48_217_000, "48,217.00 kWh"],
])("%s Wh is %s", (Wh, text) => expect(quantityText(Wh, "Wh")).toBe(text));
