/** Energy of a counter and of a period: one rule for small ones, and fewer digits for great sums. */
import { expect, test } from "vitest";

import { amountText, quantityText, timeText } from "./format";

test.each([
  [0, "0 Wh", "0 Wh"],
  [0.44, "0 Wh", "0 Wh"],
  [3.4, "3 Wh", "3 Wh"],
  [9.4, "9 Wh", "9 Wh"],
  [9.6, "0.01 kWh", "0.01 kWh"],
  [314, "0.31 kWh", "0.31 kWh"],
  [-314, "−0.31 kWh", "−0.31 kWh"],
  [9_990, "9.99 kWh", "9.99 kWh"],
  [9_996, "10.00 kWh", "10.0 kWh"],
  [57_240, "57.24 kWh", "57.2 kWh"],
  [99_960, "99.96 kWh", "100 kWh"],
  [733_400, "733.40 kWh", "733 kWh"],
  [48_217_000, "48,217.00 kWh", "48,217 kWh"],
])("%s Wh on a counter is %s, in a period %s", (Wh, counter, period) => {
  expect(quantityText(Wh, "Wh").replace("\u202f", " ")).toBe(counter);
  expect(amountText(Wh).replace("\u202f", " ")).toBe(period);
});

test("no line ends between a number and its unit", () => {
  expect(quantityText(86, "W")).toBe("86\u202fW");
});

const NOON = Date.parse("2026-11-30T12:00:00Z") / 1000;

test.each([
  [60, "11:59"],
  [86_400, "29 Nov 12:00"],
  [365 * 86_400, "30 Nov 2025 12:00"],
])("%s s ago has the date that distinguishes it from today", (age, text) =>
  expect(timeText(NOON - age, NOON, "UTC")).toBe(text),
);
