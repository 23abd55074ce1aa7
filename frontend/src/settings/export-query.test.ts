import { expect, test } from "vitest";

import { address } from "../data/http";
import { exportQuery, FIRST, isInOrder } from "./export-query";

test("the last day is included, also at the end of a year, and what does not fit the content is left out", () => {
  const asked = { ...FIRST, device: "kettle", from: "2026-12-01", to: "2026-12-31" };
  expect(address("/api/export", exportQuery(asked))).toBe(
    "/api/export?format=csv&content=readings&device=kettle&step=900&start=2026-12-01&end=2027-01-01",
  );
  expect(address("/api/export", exportQuery({ ...FIRST, content: "energy", format: "sqlite" }))).toBe(
    "/api/export?format=sqlite&content=energy&by=day",
  );
  expect(address("/api/export", exportQuery({ ...FIRST, step: 0, content: "events" }))).toBe(
    "/api/export?format=csv&content=events",
  );
});

test("a span that ends before it begins is none", () => {
  expect(isInOrder({ ...FIRST, from: "2026-12-02", to: "2026-12-01" })).toBe(false);
  expect(isInOrder({ ...FIRST, from: "2026-12-01", to: "2026-12-01" })).toBe(true);
  expect(isInOrder({ ...FIRST, to: "2026-12-01" })).toBe(true);
});
