import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { FramePart } from "../data/shapes";
import {
  bytesText,
  fieldsOf,
  firstBytes,
  isText,
  lettersOf,
  meaningOf,
  nextIndex,
  sentenceOf,
  summaryOf,
} from "./parts";

const VALUE: FramePart = {
  start: 10,
  end: 14,
  label: "value",
  kind: "value",
  text: "673",
  points: [{ id: "19", raw: 673, key: "power_W", reading: 67.3, unit: "W" }],
};
const POINT: FramePart = {
  start: 6,
  end: 14,
  label: "data point 19",
  parts: [{ start: 6, end: 7, label: "dp", text: "19" }, VALUE],
};
const SUM: FramePart = { start: 14, end: 15, label: "checksum", kind: "checksum", text: "wrong", odd: "should be cd" };

describe("a part", () => {
  it("has its value and its readings", () => {
    expect(meaningOf(VALUE)).toBe("673: power_W 67.3 W");
    expect(
      meaningOf({ start: 0, end: 1, label: "x", points: [{ id: "1", raw: true, key: "", reading: null, unit: "" }] }),
    ).toBe("");
    expect(
      meaningOf({ start: 0, end: 1, label: "x", points: [{ id: "1", raw: 0, key: "power_W", reading: 0, unit: "W" }] }),
    ).toBe("power_W 0 W");
  });
  it("is a sentence with its group and what is odd", () => {
    expect(fieldsOf([POINT, SUM]).map(sentenceOf)).toEqual([
      "Data point 19, dp: 19",
      "Data point 19, value: 673: power_W 67.3 W",
      "Checksum: wrong (should be cd)",
    ]);
    expect(summaryOf(POINT)).toBe("Data point 19: 673: power_W 67.3 W");
    expect(summaryOf({ ...POINT, parts: [POINT.parts![0]!] })).toBe("Data point 19: dp");
  });
  it("of text is shown as letters, secrets as dots", () => {
    const json: FramePart = { start: 0, end: 5, label: "a", kind: "json", type: "json" };
    expect(isText({ hex: "", length: 5, parts: [json] })).toBe(true);
    expect(isText({ hex: "", length: 5, parts: [json, SUM] })).toBe(false);
    expect(isText({ hex: "", length: 0, parts: [] })).toBe(false);
    expect(lettersOf("7b2261c3a9············7d", 1, 12)).toBe('"aé··}');
  });
});

it("arrow keys stay within the row", () => {
  expect(["ArrowRight", "ArrowDown", "ArrowLeft", "Home", "End", "Enter"].map((key) => nextIndex(key, 1, 4))).toEqual([
    2,
    2,
    0,
    0,
    3,
    undefined,
  ]);
  expect([nextIndex("ArrowRight", 3, 4), nextIndex("ArrowLeft", -1, 4), nextIndex("End", 0, 0)]).toEqual([
    3,
    0,
    undefined,
  ]);
});

it("bytes are separated by blanks", () => {
  expect(bytesText("55aa03··07", 1, 4)).toBe("aa 03 ··");
});

it("a long frame is cut so that every byte is either shown or counted", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 100 }),
      (sizes, most) => {
        let at = 0;
        const parts = sizes.map((size) => {
          at += size;
          return { start: at - size, end: at, label: "x" };
        });
        const { parts: shown, left } = firstBytes({ hex: "", length: at, parts }, most);
        expect(shown.reduce((sum, part) => sum + part.end - part.start, 0) + left).toBe(at);
        expect(at - left).toBe(Math.min(at, most));
      },
    ),
  );
});
