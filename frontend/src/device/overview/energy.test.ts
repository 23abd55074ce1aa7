import { expect, it } from "vitest";

import type { Energy } from "../../data/shapes";
import { sumsOf, yearStart } from "./energy";

const energy = (Wh: (number | null)[]): Energy => ({
  by: "month",
  timezone: "UTC",
  at: [],
  rows: [{ device: "a", point: "energy_import_Wh", Wh, estimated: [], gap: [], edited: [], void: [] }],
});

it("the month is the last row, the year the sum of what is known", () => {
  expect(sumsOf(energy([1000, null, 500]), "energy_import_Wh")).toEqual({ month: 500, year: 1500 });
  expect(sumsOf(energy([1000, null]), "energy_import_Wh")).toEqual({ month: undefined, year: 1000 });
  expect([
    sumsOf(undefined, "energy_import_Wh"),
    sumsOf(energy([1]), "energy_export_Wh"),
    sumsOf(energy([]), "energy_import_Wh"),
  ]).toEqual(Array(3).fill({ month: undefined, year: undefined }));
});

it("the year begins at the local midnight", () => {
  expect(yearStart(Date.parse("2026-12-31T23:30:00Z") / 1000, "Europe/Madrid")).toBe(
    Date.parse("2026-12-31T23:00:00Z") / 1000,
  );
  expect(yearStart(Date.parse("2026-12-31T23:30:00Z") / 1000, "UTC")).toBe(Date.parse("2026-01-01T00:00:00Z") / 1000);
});
