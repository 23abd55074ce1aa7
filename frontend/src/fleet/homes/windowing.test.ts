import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { drawnOf, isNearEnd, topOf, type List } from "./windowing";

const MANY: List = { count: 100_000, row: 44, open: -1, panel: 0 };
const lists = fc.record({
  count: fc.integer({ min: 0, max: 100_000 }),
  row: fc.constantFrom(44, 64),
  open: fc.integer({ min: -1, max: 100_000 }),
  panel: fc.integer({ min: 0, max: 700 }),
});

describe("a long list", () => {
  it("draws what can be seen of 100,000 rows, and little more", () => {
    const { first, end, before, after } = drawnOf(MANY, 50_000 * 44, 800);
    expect([first, end]).toEqual([49_988, 50_031]);
    expect(before + (end - first) * 44 + after).toBe(100_000 * 44);
  });

  it("keeps its height and draws every row that the window shows, wherever it is scrolled and whichever row is open", () => {
    fc.assert(
      fc.property(
        lists,
        fc.double({ min: -1, max: 1.1, noNaN: true }),
        fc.integer({ min: 100, max: 2000 }),
        (list, part, height) => {
          const whole = topOf(list, list.count);
          const top = part * whole;
          const { first, end, before, after } = drawnOf(list, top, height);
          const isOpenDrawn = list.open >= first && list.open < end;
          expect(before + (end - first) * list.row + (isOpenDrawn ? list.panel : 0) + after).toBe(whole);
          expect(end - first).toBeLessThan(height / list.row + 27);
          for (const at of [0, Math.floor(list.count / 2), list.count - 1, first - 1, end]) {
            if (at < 0 || at >= list.count || (at >= first && at < end)) continue;
            expect(
              topOf(list, at) + list.row + (at === list.open ? list.panel : 0) <= Math.max(0, top) ||
                topOf(list, at) >= top + height,
            ).toBe(true);
          }
        },
      ),
    );
  });

  it("asks for more before its end is seen", () => {
    expect(isNearEnd({ ...MANY, count: 100 }, 0, 800)).toBe(false);
    expect(isNearEnd({ ...MANY, count: 100 }, 70 * 44, 800)).toBe(true);
    expect(isNearEnd({ ...MANY, count: 0 }, 0, 800)).toBe(true);
  });
});
